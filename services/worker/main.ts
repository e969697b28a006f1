import { parseArgs } from 'node:util'
import { loadConfig } from '#services/config/load-config'
import { runService } from '#services/platform/process/run-service'
import { softwareVersion } from '#services/platform/process/software-version'
import { createLogger } from '#services/platform/telemetry/create-logger'
import { composeWorker } from './wiring.ts'

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    pool: { type: 'string', default: 'small' },
    supervised: { type: 'boolean', default: false },
  },
})
const logger = createLogger(`worker-${values.pool}`, 'info')
await runService(
  async () => {
    const loaded = loadConfig(values.config)
    logger.level = loaded.config.log.level
    return composeWorker(loaded, values.pool, softwareVersion(loaded.places.root), logger)
  },
  { logger, parentPipe: values.supervised },
)
