import { parseArgs } from 'node:util'
import { loadConfig, type LoadedConfig } from '#services/config/load-config'
import { openGroupMember } from '#services/platform/process/group/group-member'
import { runService, type Service } from '#services/platform/process/run-service'
import { usableCores } from '#services/platform/process/group/usable-cores'
import { createLogger } from '#services/platform/telemetry/create-logger'
import { openOpsServer } from '#services/platform/telemetry/ops-server'
import { answerGroup, startRouterGroup } from '#services/router/wiring/ports/router-group'
import { composeRouter } from '#services/router/wiring/router'

const { values } = parseArgs({
  options: { config: { type: 'string' }, supervised: { type: 'boolean', default: false } },
})
const logger = createLogger('router', 'info')
const member = openGroupMember()

async function start(loaded: LoadedConfig): Promise<Service> {
  const { processes } = loaded.config.router
  const size = processes === 'auto' ? usableCores() : processes
  if (member === undefined && size > 1) return startRouterGroup(loaded, size, logger)
  const router = await composeRouter(loaded, logger, member === undefined ? openOpsServer : answerGroup(member))
  const { name, addresses } = router
  if (member === undefined) logger.info({ name, ...addresses }, 'router is ready')
  else {
    logger.info({ name, pid: process.pid }, 'a process of the router takes calls')
    member.ready(addresses)
  }
  return router
}

await runService(
  async () => {
    const loaded = loadConfig(values.config)
    logger.level = loaded.config.log.level
    return start(loaded)
  },
  { logger, parentPipe: values.supervised && member === undefined, member },
)
