import { forkJudge, type Judge } from './fork-judge.ts'
import type { CallEnd, ProgramRun } from './run-program.ts'

/** Processes that run programs nobody trusts. */
export interface Judges {
  /**
   * Runs a program; one end a call, in order. A process that does not stop in time is killed, and what it had not ended is stopped.
   * @throws Error when no process could begin, or they were closed before the end; the signal's own error when it is aborted
   */
  run(run: ProgramRun, signal: AbortSignal): Promise<readonly CallEnd[]>
  /** Kills every process, those at work too. */
  close(): void
}

/** How many programs run side by side at most. */
export interface JudgesOptions {
  readonly processes: number
}

/** Makes the processes as they are wanted; they stay for the next program until they have to be killed, and end with this process. */
export function createJudges({ processes }: JudgesOptions): Judges {
  const living = new Set<Judge>()
  const idle = new Set<Judge>()
  const waiting: (() => void)[] = []
  let busy = 0
  let closed = false

  const killAll = (): void => {
    for (const judge of living) judge.kill()
  }
  process.once('exit', killAll)

  const throwIfClosed = (): void => {
    if (closed) throw new Error('the processes for programs are closed')
  }

  const forget = (judge: Judge): void => {
    living.delete(judge)
    idle.delete(judge)
  }

  /** Gives a process that is idle. */
  const start = async (): Promise<Judge> => {
    throwIfClosed()
    const judge = forkJudge()
    living.add(judge)
    void judge.gone.then(() => forget(judge))
    await judge.ready
    idle.add(judge)
    return judge
  }

  const ask = async (judge: Judge, run: ProgramRun, signal: AbortSignal): Promise<readonly CallEnd[] | undefined> => {
    signal.throwIfAborted()
    idle.delete(judge)
    const end = await judge.run(run, signal)
    if (end?.usable === true && !closed) idle.add(judge)
    else judge.kill()
    signal.throwIfAborted()
    throwIfClosed()
    return end?.ends
  }

  const runNow = async (run: ProgramRun, signal: AbortSignal): Promise<readonly CallEnd[]> => {
    const [first = await start()] = idle
    // It may have died while it was idle, so a second try has a new one.
    const ends = (await ask(first, run, signal)) ?? (await ask(await start(), run, signal))
    if (ends === undefined) throw new Error('no process for programs began to run one')
    return ends
  }

  return {
    async run(run, signal) {
      signal.throwIfAborted()
      if (busy >= processes) await turn(waiting, signal)
      else busy += 1
      try {
        return await runNow(run, signal)
      } finally {
        const next = waiting.shift()
        if (next === undefined) busy -= 1
        else next()
      }
    },
    close() {
      closed = true
      process.off('exit', killAll)
      killAll()
      idle.clear()
    },
  }
}

/** Waits for a place; one who leaves gives up the wait, not a place that was given already. */
function turn(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = (): void => {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    const leave = (): void => {
      const place = waiting.indexOf(take)
      if (place === -1) return
      waiting.splice(place, 1)
      // What the signal says is passed on as it is.
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      reject(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true })
    waiting.push(take)
  })
}
