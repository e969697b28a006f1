/** A turn that comes again and again. */
export interface Loop {
  /** Ends it, after the turn that is under way. */
  stop(): Promise<void>
}

/** Takes a turn every `ms`, never two at once; a failing turn calls `onFailure` and does not end the loop. */
export function every(ms: number, turn: () => Promise<unknown>, onFailure: (error: unknown) => void): Loop {
  let running: Promise<void> | undefined
  const take = async (): Promise<void> => {
    try {
      await turn()
    } catch (error) {
      onFailure(error)
    } finally {
      running = undefined
    }
  }
  const timer = setInterval(() => {
    if (running !== undefined) return
    running = take()
  }, ms)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms)
  })
}
