import { parseArgs } from 'node:util'
import { loadConfig } from '../shared/config/load-config.ts'
import { runService } from '../shared/process/run-service.ts'
import { createLogger } from '../shared/telemetry/create-logger.ts'
import { composeRouter } from './compose.ts'

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
