import { holdBackHalf } from '#services/wire/well-formed'
import { deltaKinds, type DeltaKind } from '#services/contract/answer'
import type { LegId } from '#services/contract/ids'
import type { ReplySender, RouterMessage, WorkerMessage } from '#services/state/replies/reply-stream'
import { deltaEveryMs, deltaRetryMs, rememberEndMs } from '#services/worker/timings'

/** One leg at work: who wants it, and how far its text has gone. */
export interface OpenLeg {
  /** Aborted when the caller left, the lock was lost, or time is over. */
  readonly signal: AbortSignal
  /** Why it was aborted. */
  readonly stopped: () => 'cancelled' | 'expired' | 'lost' | undefined
  /**
   * Sends a piece; resolves when the caller has taken enough for more. The first goes at once, those after it together
   * every `deltaEveryMs`. The first half of a surrogate pair waits for its second; a half that stays alone goes out as
   * U+FFFD, or with the leg's end when nothing comes after it.
   */
  send(text: string, of?: DeltaKind): Promise<void>
  /** Sends what waits, and lets go of the leg. */
  close(): void
}

/** What opening a leg needs to know. */
export interface OpenLegOptions {
  readonly legId: LegId
  readonly attempt: number
  readonly replyTo: string
  readonly deadlineAt: number
  readonly nowMs: number
  readonly lost: AbortSignal
}

/** The legs at work in this process, and the messages that concern them. */
export interface OpenLegs {
  open(options: OpenLegOptions): OpenLeg
  /** Takes control messages from routers. */
  deliver(message: WorkerMessage): void
  readonly size: number
}

/** Characters that may be under way to a caller before the model must wait. */
const windowCharacters = 65_536

interface Entry {
  readonly stop: (why: 'cancelled' | 'expired' | 'lost') => void
  taken: number
  wake: () => void
}

/** Makes the open legs of one worker. */
export function createOpenLegs(replySender: ReplySender, sleep: (ms: number) => Promise<void>): OpenLegs {
  const entries = new Map<LegId, Entry>()
  /** Legs that were cancelled and are not open: the word may come while a leg is being begun. */
  const cancelledOutcome = new Map<LegId, number>()
  const remember = (legId: LegId): void => {
    const nowMs = performance.now()
    for (const [old, at] of cancelledOutcome) {
      if (nowMs - at < rememberEndMs) break
      cancelledOutcome.delete(old)
    }
    cancelledOutcome.set(legId, nowMs)
  }
  return {
    open(options) {
      const { legId, attempt, replyTo, lost } = options
      const controller = new AbortController()
      let why: 'cancelled' | 'expired' | 'lost' | undefined
      const sent: Record<DeltaKind, number> = { reasoning: 0, text: 0, 'tool-calls': 0 }
      const pending: Record<DeltaKind, string> = { reasoning: '', text: '', 'tool-calls': '' }
      let isSending = false
      let sentAt = -Infinity
      let pause: NodeJS.Timeout | undefined
      const entry: Entry = {
        taken: 0,
        wake: () => {},
        stop(reason) {
          why ??= reason
          controller.abort()
          entry.wake()
        },
      }
      entries.set(legId, entry)
      const timer = setTimeout(() => entry.stop('expired'), Math.max(0, options.deadlineAt - options.nowMs))
      const onLost = (): void => entry.stop('lost')
      lost.addEventListener('abort', onLost, { once: true })
      if (cancelledOutcome.delete(legId)) entry.stop('cancelled')

      /** Redis may be away for a while; text that nobody wants any more need not go. */
      const sendUntilTaken = async (delta: RouterMessage): Promise<void> => {
        while (!controller.signal.aborted) {
          try {
            await replySender.send(replyTo, delta)
            return
          } catch {
            await sleep(deltaRetryMs)
          }
        }
      }

      /** What has a piece to go, thoughts first and calls last: so they came. */
      const ready = (): DeltaKind | undefined =>
        deltaKinds.find(of => pending[of] !== '' && holdBackHalf(pending[of]).whole !== '')

      const flush = async (): Promise<void> => {
        clearTimeout(pause)
        pause = undefined
        isSending = true
        for (let of = ready(); of !== undefined; of = ready()) {
          const { whole, half } = holdBackHalf(pending[of])
          pending[of] = half
          const text = whole.toWellFormed()
          const kind = of === 'text' ? {} : { of }
          const offset = sent[of]
          sent[of] += text.length
          sentAt = performance.now()
          await sendUntilTaken({ kind: 'delta', legId, attempt, offset, text, ...kind })
        }
        isSending = false
      }
      /** Pieces that come while one is on its way, or right after it, go together. */
      const flushSoon = (): void => {
        if (isSending || pause !== undefined || ready() === undefined) return
        const leftMs = sentAt + deltaEveryMs - performance.now()
        if (leftMs <= 0) void flush()
        else pause = setTimeout(() => void flush(), leftMs)
      }
      const underWay = (): number => deltaKinds.reduce((sum, of) => sum + sent[of] + pending[of].length, -entry.taken)

      return {
        signal: controller.signal,
        stopped: () => why,
        async send(text, of = 'text') {
          pending[of] += text
          flushSoon()
          while (underWay() > windowCharacters && !controller.signal.aborted) {
            await new Promise<void>(resolve => {
              entry.wake = resolve
            })
          }
        },
        close() {
          // It is on the connection before the leg's end.
          if (pause !== undefined) void flush()
          clearTimeout(timer)
          lost.removeEventListener('abort', onLost)
          if (entries.get(legId) === entry) entries.delete(legId)
        },
      }
    },
    deliver(message) {
      const entry = entries.get(message.legId)
      if (entry === undefined) {
        if (message.kind === 'cancel') remember(message.legId)
        return
      }
      if (message.kind === 'cancel') entry.stop('cancelled')
      else {
        entry.taken = Math.max(entry.taken, message.characters)
        entry.wake()
      }
    },
    get size() {
      return entries.size
    },
  }
}
