import type { LegId } from '#services/contract/ids'
import type { MailSender } from '#services/state/replies/mailbox'
import type { EmitEvent } from '#services/router/request/states'

/** Passes a final rung's text on to a caller as it comes: in order, once, and no faster than the caller takes it. */
export interface TextRelay {
  /** Tells where the leg runs: the worker there is told how much was taken. */
  startedOn(workerId: string): void
  /** Takes a piece; what was passed on before, by an attempt that died, is not passed on again. */
  take(attempt: number, offset: number, text: string): void
  /** Passes on what the whole text has beyond the pieces. False when the pieces do not agree with it: a stream that broke. */
  complete(whole: string): Promise<boolean>
  /** Characters passed on. */
  readonly passed: number
}

/** The worker is told of progress in steps, so that telling costs little beside its window of 65,536 characters. */
const tellEveryCharacters = 8192

/** What a relay is for. */
export interface TextRelayOptions {
  readonly legId: LegId
  readonly model: string
  /** Another rung might have been asked, had this text been judged first; false when absent. */
  readonly optimistic?: boolean
}

/** Makes a relay. Mail to the worker that cannot be sent is let go: the leg's end then still brings the whole text. */
export function createTextRelay(options: TextRelayOptions, emit: EmitEvent, mail: MailSender): TextRelay {
  const { legId, model, optimistic = false } = options
  let received = ''
  let passed = 0
  let taken = 0
  let told = 0
  let broken = false
  let workerBox: string | undefined
  let sending: Promise<void> = Promise.resolve()

  const pass = async (): Promise<void> => {
    const text = received.slice(passed)
    if (text === '') return
    passed = received.length
    await emit({ kind: 'delta', model, text, optimistic })
    taken = passed
    await tell()
  }

  const tell = async (): Promise<void> => {
    if (workerBox === undefined || taken - told < tellEveryCharacters) return
    told = taken
    await mail.send(workerBox, { kind: 'taken', legId, characters: taken }).catch(() => {})
  }

  return {
    startedOn(workerId) {
      workerBox = workerId
      // Its window may be full already, and then no piece will come until it hears.
      void tell()
    },
    take(_attempt, offset, text) {
      if (broken) return
      const known = received.slice(offset, offset + text.length)
      if (offset > received.length || !text.startsWith(known)) {
        broken = true
        return
      }
      received += text.slice(known.length)
      sending = sending.then(pass)
    },
    async complete(whole) {
      await sending
      if (!whole.startsWith(received.slice(0, passed))) return false
      received = whole
      await pass()
      return true
    },
    get passed() {
      return passed
    },
  }
}
