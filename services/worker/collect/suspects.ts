import type { Logger } from 'pino'
import { isGatewayError } from '#services/contract/errors'
import type { CascadeLog } from '#services/state/cascade-log/cascade-log'
import type { Begun } from './begin.ts'

/** What setting aside needs. */
interface SuspectsDependencies {
  readonly cascadeLog: Pick<CascadeLog, 'leaveReceipt'>
  readonly logger: Logger
}

/**
 * Of a batch whose worker died, one leg may have killed it. Gives the legs that were begun before, to be begun again
 * one by one after the others; they say meanwhile that they are not at work, so no leg dies twice with another's
 * worker. A leg that is alone is at work at once.
 */
export async function setSuspectsAside(
  begun: readonly Begun[],
  { cascadeLog, logger }: SuspectsDependencies,
): Promise<readonly Begun[]> {
  if (begun.length < 2) return []
  const suspects = begun.filter(one => one.kind === 'run' && one.attempt > 1)
  try {
    for (const one of suspects) {
      if (one.kind === 'run') await cascadeLog.leaveReceipt(one.taken.job.legId, one.attempt, 0)
    }
    return suspects
  } catch (error) {
    if (!isGatewayError(error)) throw error
    logger.debug({ err: error }, 'legs that were begun before run together: Redis is away')
    return []
  }
}
