import type { DeltaKind, TextOutput } from '#services/contract/answer'
import type { LegId } from '#services/contract/ids'
import type { ReplySender } from '#services/state/replies/reply-stream'
import type { EmitEvent } from '#services/router/request/states'
import type { DeltaPiece } from './pending-legs.ts'
import { emitCalls } from './emit-output.ts'

/**
 * Passes a final rung's text on to a caller as it comes, and apart from it what the model thinks: in order, once, and
 * no faster than the caller takes it.
 */
export interface TextRelay {
  /** Tells where the leg runs: the worker there is told how much was taken. */
  startedOn(workerId: string): void
  /** Takes a piece; what was passed on before, by an attempt that died, is not passed on again. */
  take(piece: DeltaPiece): void
  /** Resolves when all that was taken so far was passed on. */
  passedOn(): Promise<void>
  /**
   * Passes on what the whole answer has beyond the pieces, calls of tools among it. False when the pieces do not
   * agree with its text: a stream that broke.
   */
  complete(whole: TextOutput): Promise<boolean>
  /** Characters of text passed on. */
  readonly passed: number
  /** Whether the whole answer was passed on. */
  readonly isComplete: boolean
}

/** The worker is told of progress in steps, so that telling costs little beside its window of 65,536 characters. */
const ackEveryCharacters = 8192

/** What a relay is for. */
export interface TextRelayOptions {
  readonly legId: LegId
  readonly model: string
  /** Another rung might have been asked, had this text been judged first; false when absent. */
  readonly optimistic?: boolean
}

interface Channel {
  received: string
  passed: number
  /** Pieces did not fit together. */
  broken: boolean
}

const kinds: readonly DeltaKind[] = ['reasoning', 'text']

/**
 * Makes a relay. A message to the worker that cannot be sent is dropped: the leg's end then still brings the whole
 * text.
 */
export function createTextRelay(options: TextRelayOptions, emit: EmitEvent, replySender: ReplySender): TextRelay {
  const { legId, model, optimistic = false } = options
  const channels: Readonly<Record<DeltaKind, Channel>> = {
    reasoning: { received: '', passed: 0, broken: false },
    text: { received: '', passed: 0, broken: false },
  }
  let told = 0
  let isComplete = false
  let workerBox: string | undefined
  let sending: Promise<void> = Promise.resolve()

  const pass = async (): Promise<void> => {
    for (const of of kinds) {
      const channel = channels[of]
      const text = channel.received.slice(channel.passed)
      if (text === '') continue
      channel.passed = channel.received.length
      await emit({ kind: of === 'text' ? 'delta' : 'reasoning', model, text, optimistic })
      await tell()
    }
  }

  const tell = async (): Promise<void> => {
    const taken = channels.text.passed + channels.reasoning.passed
    if (workerBox === undefined || taken - told < ackEveryCharacters) return
    told = taken
    await replySender.send(workerBox, { kind: 'taken', legId, characters: taken }).catch(() => {})
  }

  return {
    startedOn(workerId) {
      workerBox = workerId
      // Its window may be full already, and then no piece will come until it hears.
      void tell()
    },
    take({ offset, text, of = 'text' }) {
      const channel = channels[of]
      if (channel.broken) return
      const known = channel.received.slice(offset, offset + text.length)
      if (offset > channel.received.length || !text.startsWith(known)) {
        channel.broken = true
        return
      }
      channel.received += text.slice(known.length)
      sending = sending.then(pass)
    },
    passedOn: () => sending,
    async complete(whole) {
      await sending
      const { text, reasoning } = channels
      if (!whole.text.startsWith(text.received.slice(0, text.passed))) return false
      text.received = whole.text
      const thought = (whole.reasoning ?? []).map(one => one.text).join('')
      // Thoughts of an attempt that died are shown already, and are no part of the answer.
      if (thought.startsWith(reasoning.received.slice(0, reasoning.passed))) reasoning.received = thought
      await pass()
      await emitCalls({ model, output: whole, optimistic }, emit)
      isComplete = true
      return true
    },
    get passed() {
      return channels.text.passed
    },
    get isComplete() {
      return isComplete
    },
  }
}
