import { parseArgs } from 'node:util'
import { loadConfig } from '#services/config/load-config'
import { runService } from '#services/platform/process/run-service'
import { createLogger } from '#services/platform/telemetry/create-logger'
import { composeRouter } from '#services/router/wiring/router'

const { values } = parseArgs({
  options: { config: { type: 'string' }, supervised: { type: 'boolean', default: false } },
})
const logger = createLogger('router', 'info')
await runService(
  async () => {
    const loaded = loadConfig(values.config)
    logger.level = loaded.config.log.level
    return composeRouter(loaded, logger)
  },
  { logger, parentPipe: values.supervised },
)
