import type { CheckResult } from './check-order.ts'
import { forkSandbox, type CheckEnd, type Sandbox } from './fork-sandbox.ts'
import type { TimedOrder } from './sandbox-process.ts'
import { createTenantTurns } from './tenant-turns.ts'

/** Processes that check what nobody trusts. */
export interface Sandboxes {
  /**
   * Checks an answer of a tenant. A process that does not end in time is killed, and what it had not found is not
   * in the result.
   * @throws Error when no process could begin, or they were closed before the end; the signal's own error when it
   * is aborted
   */
  check(timed: TimedOrder, asker: Asker, signal: AbortSignal): Promise<CheckResult>
  /** Kills every process, those at work too. */
  close(): void
}

/** Whose answer is checked. */
export interface Asker {
  readonly tenant: string
  /** Called with how long the answer waited for others to be checked. */
  readonly waited?: (waitedMs: number) => void
}

/** How many checks run side by side at most. */
export interface SandboxesOptions {
  readonly processes: number
}

/**
 * Starts the processes when the first check comes; they stay for the next ones until they have to be killed, and
 * end with this process. Tenants take turns, and where there are several processes one is left to the others: slow
 * answers of a tenant hold up its own alone.
 */
export function createSandboxes({ processes }: SandboxesOptions): Sandboxes {
  const living = new Set<Sandbox>()
  const turns = createTenantTurns({ places: processes, placesPerTenant: Math.max(1, processes - 1) })
  /** A process a place that is free; none where it has to be started first. */
  let free: (Promise<Sandbox> | undefined)[] | undefined
  let closed = false

  const killAll = (): void => {
    for (const sandbox of living) sandbox.kill()
  }
  process.once('exit', killAll)

  const throwIfClosed = (): void => {
    if (closed) throw new Error('the processes for checks are closed')
  }

  const start = async (): Promise<Sandbox> => {
    throwIfClosed()
    const sandbox = forkSandbox()
    living.add(sandbox)
    void sandbox.gone.then(() => living.delete(sandbox))
    await sandbox.ready
    return sandbox
  }

  const startAhead = (): Promise<Sandbox> => {
    const starting = start()
    starting.catch(() => {
      // The receiver of the stream gets the error.
    })
    return starting
  }

  const checkIn = async (sandbox: Sandbox, timed: TimedOrder, signal: AbortSignal): Promise<CheckEnd | undefined> => {
    signal.throwIfAborted()
    const end = await sandbox.check(timed, signal)
    if (end?.usable !== true || closed) sandbox.kill()
    signal.throwIfAborted()
    throwIfClosed()
    return end
  }

  const checkNow = async (sandbox: Sandbox, timed: TimedOrder, signal: AbortSignal): Promise<CheckResult> => {
    // It may have died while it was idle, so a second try has a new one.
    const end = (await checkIn(sandbox, timed, signal)) ?? (await checkIn(await start(), timed, signal))
    if (end === undefined) throw new Error('no process for checks began one')
    return end.result
  }

  /** Gives a place back with its process, or with a new one; whoever has the place next finds it ready. */
  const giveBack = async (taken: Promise<Sandbox>, leave: () => void): Promise<void> => {
    const sandbox = await taken.catch(() => undefined)
    const next = sandbox !== undefined && living.has(sandbox) && !sandbox.killed() ? taken : startAhead()
    const ready = await next.catch(() => undefined)
    free?.push(ready === undefined ? undefined : next)
    leave()
  }

  return {
    async check(timed, { tenant, waited }, signal) {
      const askedAt = performance.now()
      const leave = await turns.enter(tenant, signal)
      waited?.(performance.now() - askedAt)
      free ??= Array.from({ length: processes }, startAhead)
      const taken = free.shift() ?? startAhead()
      try {
        return await checkNow(await taken, timed, signal)
      } finally {
        void giveBack(taken, leave)
      }
    },
    close() {
      closed = true
      process.off('exit', killAll)
      killAll()
    },
  }
}
