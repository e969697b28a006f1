import type { DeltaKind } from '#services/contract/answer'
import type { Clock } from '#services/contract/clock'
import type { RunControl } from '#services/backends/backend'
import type { BegunLeg, StopReason } from '#services/backends/leg/leg-end'
import { stopsAt } from '#services/backends/leg/work-of'
import { holdBackHalf } from '#services/wire/well-formed'
import type { ExpressCaller } from '#services/router/cascade/leg/leg-order'

/** A running leg of the router: its caller, and the receiver of its text. */
export interface ExpressLeg {
  /** Callbacks of its backend. */
  readonly control: RunControl
  stop(reason: StopReason): void
  /** Why it was stopped. */
  stopped(): StopReason | undefined
  close(): void
}

/** Characters that may be under way to a caller before the model must wait. */
const windowCharacters = 65_536

/** Opens a leg. It is stopped when its caller leaves, its cascade is another router's, or its time is over. */
export function openExpressLeg(
  { job, startedAt }: BegunLeg,
  { signal, lost, onPiece }: ExpressCaller,
  clock: Clock,
): ExpressLeg {
  const controller = new AbortController()
  let why: StopReason | undefined
  const sent: Record<DeltaKind, number> = { reasoning: 0, text: 0, 'tool-calls': 0 }
  const held: Record<DeltaKind, string> = { reasoning: '', text: '', 'tool-calls': '' }
  let underWay = 0

  const stop = (reason: StopReason): void => {
    why ??= reason
    controller.abort()
  }
  const onLeft = (): void => stop('cancelled')
  const onLost = (): void => stop('lost')
  signal.addEventListener('abort', onLeft, { once: true })
  lost.addEventListener('abort', onLost, { once: true })
  if (signal.aborted) onLeft()
  if (lost.aborted) onLost()
  const timer = setTimeout(() => stop('expired'), Math.max(0, stopsAt(job, startedAt) - clock.now()))

  /** The first half of a surrogate pair waits for its second. */
  const onDelta = async (text: string, of: DeltaKind): Promise<void> => {
    const { whole, half } = holdBackHalf(held[of] + text)
    held[of] = half
    if (whole === '' || controller.signal.aborted) return
    const piece = { offset: sent[of], text: whole.toWellFormed(), of }
    sent[of] += whole.length
    underWay += whole.length
    const taken = onPiece(piece).finally(() => {
      underWay -= whole.length
    })
    if (underWay > windowCharacters) await taken
    else taken.catch(ignore)
  }

  return {
    control: {
      cancelled: () => controller.signal.aborted,
      signal: () => controller.signal,
      onDelta: (_legId, text, of = 'text') => onDelta(text, of),
    },
    stop,
    stopped: () => why,
    close() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onLeft)
      lost.removeEventListener('abort', onLost)
    },
  }
}

/** What cannot be passed on ends the relay, and with it the call. */
function ignore(): void {}
