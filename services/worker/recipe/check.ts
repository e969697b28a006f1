import type { RunControl } from '#services/backends/backend'
import type { CheckOrder, CheckResult } from '#services/worker/sandbox/check-order'
import type { Sandboxes } from '#services/worker/sandbox/sandboxes'
import type { Work } from '#services/backends/work'

/** A check of an answer takes milliseconds; one that takes longer is one that the answer has failed. */
const checkMs = 500

/**
 * Has an answer checked in a sandbox. Its leg waits meanwhile: its model is free for others.
 * @throws Error when nobody could check it; the signal's own error when nobody wants the leg any more
 */
export async function check(
  order: CheckOrder,
  work: Work,
  control: RunControl,
  sandboxes: Pick<Sandboxes, 'check'>,
): Promise<CheckResult> {
  const timeoutMs = order.kind === 'program' ? order.timeoutMs : checkMs
  const resume = control.waits?.(work.legId)
  try {
    const waited = (waitedMs: number): void => control.waited?.(work.legId, waitedMs)
    return await sandboxes.check(
      { order, timeoutMs },
      { tenant: work.tenant ?? '', waited },
      control.signal(work.legId),
    )
  } finally {
    resume?.()
  }
}
