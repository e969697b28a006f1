import type { Logger } from 'pino'
import { isAlarming } from '#services/config/probe/probe-finding'
import { probeServers } from '#services/config/probe/probe-servers'
import type { Config } from '#services/config/schema'

/** Long enough for a server that wakes up; nothing waits for it. */
const timeoutMs = 10_000

/**
 * Examines the servers of a pool's models and says in the log which of them are not there, refuse the key or do not
 * have the model. A warning and no stop: they may come later, and other rungs may answer until then.
 */
export async function reportServers(config: Config, pool: string, logger: Logger): Promise<void> {
  const findings = await probeServers(config, { isWanted: name => config.models[name]?.pool === pool, timeoutMs })
  for (const finding of findings) {
    const { model, server, state, message } = finding
    if (isAlarming(finding)) logger.warn({ model, server, found: state }, `the server of a model: ${message}`)
    else logger.debug({ model, server, found: state }, message)
  }
}
