import { parseArgs } from 'node:util'
import { loadConfig } from '../shared/config/load-config.ts'
import { runService } from '../shared/process/run-service.ts'
import { softwareVersion } from '../shared/process/software-version.ts'
import { createLogger } from '../shared/telemetry/create-logger.ts'
import { composeWorker } from './compose.ts'

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
