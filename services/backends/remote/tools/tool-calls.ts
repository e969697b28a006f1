import { randomBytes } from 'node:crypto'
import type { ToolCall } from '#services/contract/content'
import type { Oddity } from '#services/backends/oddity'
import type { ToolCallPiece } from '../wire/chat-piece.ts'
import type { ToolCallDelta } from '#services/contract/answer'
import { createShownArguments, type ShownArguments } from './shown-arguments.ts'
import { isJson, resolveArguments } from './tool-arguments.ts'
import { UpstreamError } from '../wire/upstream-error.ts'

/** The calls of tools of one answer, piece by piece. */
export interface ToolCalls {
  add(piece: ToolCallPiece): void
  /** Characters of arguments so far. */
  readonly written: string
  /**
   * What may be shown of the calls beyond what was: those of offered tools, one after the other. What is shown stays
   * as it is, wherever the answer is one.
   */
  show(): readonly ToolCallDelta[]
  /**
   * The calls as they are at the answer's end. Where the cap on output cut it, the last call is left out unless it is
   * whole.
   * @throws UpstreamError for one without a name, or whose arguments are not JSON
   */
  finish(end: { readonly isCut: boolean }): {
    readonly calls: readonly ToolCall[]
    readonly oddities: readonly Oddity[]
  }
}

interface Piece {
  readonly index: number | undefined
  /** Empty where the server does not report them. */
  readonly id: string
  readonly name: string
  readonly written: string
}

interface Call {
  readonly index: number | undefined
  id: string
  name: string
  readonly pieces: string[]
  readonly shown: ShownArguments
  /** What may be shown and was not. */
  ready: string
  /** The id that it was shown with. */
  shownId?: string
}

/**
 * Puts the pieces of calls together. Which call a piece belongs to is told by its id, its index and its name
 * together, since servers leave out, repeat and misnumber each of them: some give all calls the index 0, some none,
 * some a new id with each piece, some the name again. `known` are the names of the tools that were offered.
 */
export function createToolCalls(known: readonly string[]): ToolCalls {
  const calls: Call[] = []
  const ids = new Set<string>()
  const odd = new Set<Oddity>()
  return {
    get written() {
      return calls.flatMap(call => call.pieces).join('')
    },
    add({ index, id = '', name = '', arguments: written }) {
      const call = callOf({ index, id, name, written }, calls, known)
      if (call === undefined) {
        // An empty call is none; some servers end with one.
        if (id === '' && name === '' && written.trim() === '') return
        if (index !== undefined && calls.some(one => one.index === index)) odd.add('tool-index')
        const shown = createShownArguments()
        calls.push({ index, id, name, pieces: [written], shown, ready: shown.take(written) })
        return
      }
      if (call.id === '') call.id = id
      call.name = mergeName(call, name, known)
      call.pieces.push(written)
      call.ready += call.shown.take(written)
    },
    show() {
      const deltas: ToolCallDelta[] = []
      for (const [index, call] of calls.entries()) {
        if (call.ready !== '' && known.includes(call.name)) deltas.push(showReady(call, index, ids))
        if (call.ready !== '' || !call.shown.isWhole) break
      }
      return deltas
    },
    finish({ isCut }) {
      const last = calls.at(-1)
      const whole = isCut && last !== undefined && !isWhole(last) ? calls.slice(0, -1) : calls
      const finished = whole.map((call, place) => finishCall(call, { place, ids, odd }))
      return { calls: finished, oddities: [...odd] }
    },
  }
}

/** The call that a piece continues; `undefined` for a new one. */
function callOf(piece: Piece, calls: readonly Call[], known: readonly string[]): Call | undefined {
  const { index, id, name } = piece
  const same = calls.findLast(call => id !== '' && call.id === id && mayBeAt(call, index))
  if (same !== undefined) return isAnother(same, piece) ? undefined : same
  const last = calls.findLast(call => index === undefined || call.index === index)
  // A piece without id and name cannot begin a call, whatever its index.
  if (id + name === '') return last ?? calls.at(-1)
  return last === undefined || goesOn(last, piece, known) ? last : undefined
}

function mayBeAt(call: Call, index: number | undefined): boolean {
  return index === undefined || call.index === undefined || call.index === index
}

/**
 * Whether a piece that repeats a call's id is a call of its own: the one before is whole, and this one has a name
 * and other arguments.
 */
function isAnother(call: Call, { name, written }: Piece): boolean {
  const before = call.pieces.join('')
  const isEnded = isJson(before) && before.trim() !== '{}'
  return name !== '' && isEnded && isJson(written) && !written.startsWith(before)
}

/** Whether a piece with no id, or with another id, continues the call before it. */
function goesOn(call: Call, piece: Piece, known: readonly string[]): boolean {
  const { id, name } = piece
  if (name === '') return true
  const isSameName = name === call.name
  // Another id: of a server that makes a new one for each piece, or of another call.
  if (id !== '' && call.id !== '') return isSameName && isUnfinished(call)
  if (call.pieces.join('').trim() !== '') return call.name === '' || (isSameName && mayFollow(call, piece))
  return call.name === '' || isSameName || isRestOfName(call.name, name, known)
}

/** Whether arguments can be the rest of those before, or say them once more. */
function mayFollow(call: Call, { written }: Piece): boolean {
  return isUnfinished(call) || written.trim() === '' || written === call.pieces.join('')
}

/** Whether a name is the rest of the one before, or that one and more. */
function isRestOfName(before: string, name: string, known: readonly string[]): boolean {
  const whole = before + name
  if (known.includes(before)) {
    return known.includes(whole) ? !known.includes(name) : name.startsWith(before) && known.includes(name)
  }
  return known.some(one => one.startsWith(whole) || (name.startsWith(before) && one.startsWith(name)))
}

/** Whether arguments have begun and have not ended. */
function isUnfinished({ pieces }: Call): boolean {
  const before = pieces.join('')
  return before.trim() !== '' && !isJson(before)
}

/** Whether a call has its name and all of its arguments. */
function isWhole({ name, pieces }: Call): boolean {
  return name !== '' && pieces.join('').trim() !== '' && resolveArguments(pieces) !== undefined
}

/** A name may come once, again with each piece, or bit by bit. */
function mergeName({ name: before, pieces }: Call, name: string, known: readonly string[]): string {
  if (name === '' || name === before) return before
  if (before === '' || (name.startsWith(before) && !known.includes(before + name))) return name
  const isKnown = known.includes(before) || pieces.join('').trim() !== ''
  return isKnown && !known.some(one => one.startsWith(before + name)) ? before : before + name
}

function showReady(call: Call, index: number, ids: Set<string>): ToolCallDelta {
  const argumentsJson = call.ready
  call.ready = ''
  if (call.shownId !== undefined) return { index, argumentsJson }
  call.shownId = ownId(call.id, ids)
  return { index, id: call.shownId, name: call.name.toWellFormed(), argumentsJson }
}

/** A result names its call by the id, so each has one of its own. */
function ownId(id: string, ids: Set<string>): string {
  const own = id === '' || ids.has(id) ? `call_${randomBytes(12).toString('hex')}` : id
  ids.add(own)
  return own.toWellFormed()
}

interface Finishing {
  readonly place: number
  readonly ids: Set<string>
  readonly odd: Set<Oddity>
}

function finishCall({ id, name, pieces, shownId }: Call, { place, ids, odd }: Finishing): ToolCall {
  if (name === '') throw new UpstreamError('no-answer', `the model's tool call ${place + 1} has no name`)
  const resolved = resolveArguments(pieces)
  if (resolved === undefined) {
    throw new UpstreamError('no-answer', `the arguments of the model's tool call ${place + 1} are not JSON`)
  }
  if (resolved.isMended) odd.add('tool-arguments')
  const own = shownId ?? ownId(id, ids)
  if (id !== '' && own !== id.toWellFormed()) odd.add('tool-id')
  return { id: own, name: name.toWellFormed(), argumentsJson: resolved.json }
}
