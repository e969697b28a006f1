import {
  deltaKinds,
  type DeltaKind,
  type TextOutput,
  createCallDeltaReader,
  type ToolCallDelta,
} from '#services/contract/answer'
import type { ToolCall } from '#services/contract/content'
import type { LegId } from '#services/contract/ids'
import type { ReplySender } from '#services/state/replies/reply-stream'
import type { EmitEvent } from '#services/router/request/states'
import type { DeltaPiece } from './pending-legs.ts'
import { emitCalls } from './emit-output.ts'

/**
 * Passes a final rung's text on to a caller as it comes, and apart from it what the model thinks and its calls of
 * tools: in order, once, and no faster than the caller takes it.
 */
export interface TextRelay {
  /** Returns where the leg runs: the worker there is sent how much was taken. */
  startedOn(workerId: string): void
  /** Takes a piece; what was passed on before, by an attempt that died, is not passed on again. */
  take(piece: DeltaPiece): void
  /** Resolves when all that was taken so far was passed on. */
  passedOn(): Promise<void>
  /**
   * Passes on what the whole answer has beyond the pieces. False when the pieces do not agree with it: a stream that
   * broke.
   */
  complete(whole: TextOutput): Promise<boolean>
  /** Characters of text passed on. */
  readonly passed: number
  /** Whether the whole answer was passed on. */
  readonly isComplete: boolean
}

/**
 * The worker is sent the progress in steps, so that acknowledging costs little beside its window of 65,536
 * characters.
 */
const ackEveryCharacters = 8192

/** What a relay is for. */
export interface TextRelayOptions {
  readonly legId: LegId
  readonly model: string
  /** Another rung might have been asked, had this text been judged first; false when absent. */
  readonly optimistic?: boolean
}

/**
 * What has come of one kind of text. It stays in pieces: to look into a text that grows piece by piece would copy all
 * of it each time.
 */
interface Channel {
  pieces: string[]
  characters: number
  /** The pieces before this one are passed on. */
  passedPieces: number
  passed: number
  /** Pieces did not fit together. */
  broken: boolean
}

function openChannel(): Channel {
  return { pieces: [], characters: 0, passedPieces: 0, passed: 0, broken: false }
}

function add(channel: Channel, text: string): void {
  if (text === '') return
  channel.pieces.push(text)
  channel.characters += text.length
}

/** What is passed on next: all that has come since the last time. */
function takeRest(channel: Channel): string {
  const text = channel.pieces.slice(channel.passedPieces).join('')
  channel.passedPieces = channel.pieces.length
  channel.passed = channel.characters
  return text
}

/** The whole takes the place of what has come, where it begins with what was passed on. */
function replace(channel: Channel, whole: string): boolean {
  const passed = channel.pieces.slice(0, channel.passedPieces).join('')
  if (!whole.startsWith(passed)) return false
  const rest = whole.slice(passed.length)
  channel.pieces = rest === '' ? [passed] : [passed, rest]
  channel.passedPieces = 1
  channel.characters = whole.length
  return true
}

/**
 * Makes a relay. A message to the worker that cannot be sent is dropped: the leg's end then still brings the whole
 * text.
 */
export function createTextRelay(options: TextRelayOptions, emit: EmitEvent, replySender: ReplySender): TextRelay {
  const { legId, model, optimistic = false } = options
  const channels: Readonly<Record<DeltaKind, Channel>> = {
    reasoning: openChannel(),
    text: openChannel(),
    'tool-calls': openChannel(),
  }
  const readCalls = createCallDeltaReader()
  /** What was passed on of calls of tools. */
  const shownCalls: ToolCall[] = []
  let acknowledged = 0
  let isComplete = false
  let workerBox: string | undefined
  let sending: Promise<void> = Promise.resolve()

  const pass = async (): Promise<void> => {
    for (const of of deltaKinds) {
      const text = takeRest(channels[of])
      if (text === '') continue
      if (of === 'tool-calls') for (const delta of readCalls(text)) await passCall(delta)
      else await emit({ kind: of === 'text' ? 'delta' : 'reasoning', model, text, optimistic })
      await acknowledge()
    }
  }

  const passCall = async (delta: ToolCallDelta): Promise<void> => {
    const { id = '', name = '', argumentsJson } = shownCalls[delta.index] ?? { ...delta, argumentsJson: '' }
    shownCalls[delta.index] = { id, name, argumentsJson: argumentsJson + delta.argumentsJson }
    await emit({ kind: 'tool-call', model, ...delta, optimistic })
  }

  const acknowledge = async (): Promise<void> => {
    const taken = deltaKinds.reduce((sum, of) => sum + channels[of].passed, 0)
    if (workerBox === undefined || taken - acknowledged < ackEveryCharacters) return
    acknowledged = taken
    await replySender.send(workerBox, { kind: 'taken', legId, characters: taken }).catch(() => {})
  }

  return {
    startedOn(workerId) {
      workerBox = workerId
      // Its window may be full; then no piece arrives until it gets the acknowledgement.
      void acknowledge()
    },
    take({ offset, text, of = 'text' }) {
      const channel = channels[of]
      if (channel.broken) return
      // Only another attempt begins before the end of what has come.
      const known = offset === channel.characters ? '' : channel.pieces.join('').slice(offset, offset + text.length)
      if (offset > channel.characters || !text.startsWith(known)) {
        channel.broken = true
        return
      }
      add(channel, text.slice(known.length))
      sending = sending.then(pass)
    },
    passedOn: () => sending,
    async complete(whole) {
      await sending
      const { text, reasoning } = channels
      if (!replace(text, whole.text)) return false
      const thought = (whole.reasoning ?? []).map(one => one.text).join('')
      // Thoughts of an attempt that died are shown already, and are no part of the answer.
      replace(reasoning, thought)
      await pass()
      isComplete = await emitCalls({ model, output: whole, optimistic }, emit, shownCalls)
      return isComplete
    },
    get passed() {
      return channels.text.passed
    },
    get isComplete() {
      return isComplete
    },
  }
}
