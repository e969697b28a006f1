import type { Logger } from 'pino'

/**
 * What a caller need not wait for: it is begun in the turn of the loop after the answer has gone out, and no later
 * command of this router's overtakes it.
 */
export interface Afterwards {
  /**
   * Begins the work after this turn. What fails is said in the log alone, so the work is to be such that another
   * can finish it.
   */
  begin(work: () => Promise<unknown>): void
  /** Resolves when nothing is under way. */
  ended(): Promise<void>
}

/** Makes it. */
export function createAfterwards(logger: Logger): Afterwards {
  const underWay = new Set<Promise<void>>()
  let coming: (() => void)[] = []
  /** Legs of one tick begin together, so that their Redis commands are sent together. */
  const beginAll = (): void => {
    const all = coming
    coming = []
    for (const begin of all) begin()
  }
  return {
    begin(work) {
      const working = new Promise<void>(resolve => {
        if (coming.length === 0) setImmediate(beginAll)
        coming.push(() => resolve(attempt(work, logger)))
      })
      underWay.add(working)
      void working.then(() => underWay.delete(working))
    },
    async ended() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}

async function attempt(work: () => Promise<unknown>, logger: Logger): Promise<void> {
  try {
    await work()
  } catch (error) {
    logger.warn(
      { err: error },
      'what was left to do after an answer failed; the lease and the hold tell the next router',
    )
  }
}
