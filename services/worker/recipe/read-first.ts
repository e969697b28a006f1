import { answerText } from '#services/contract/answer'
import { conversationOf, messagesOf } from '#services/contract/conversation'
import type { Reader, ReadModality } from '#services/contract/model'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import { costOf } from '#services/contract/price'
import type { RunControl } from '#services/backends/backend'
import type { LoadedPart, Outcome, Work } from '#services/backends/work'
import type { AskModel } from './verify.ts'

/** A leg whose media are words now, with what the models that read them cost and how sure they were. */
export interface ReadWork {
  readonly work: Work
  readonly costNanoUsd: NanoUsd
  readonly signals: Readonly<Record<string, number>>
}

/** What reading came to: words, or the failure of the model that read. */
export type Read =
  | { readonly kind: 'read'; readonly read: ReadWork }
  | { readonly kind: 'failed'; readonly why: Failed }

type Failed = Extract<Outcome, { readonly kind: 'failed' }>

/** Whether some part of a leg is to be read before. */
export function isReadFirst({ recipe: { readers = {} }, parts }: Work): boolean {
  return parts.some(({ kind }) => kind in readers)
}

/**
 * Has the media of a leg read by the models that its recipe names: a text takes the place of each recording, and one
 * of each row of pictures, in which a line that pictures share stands once.
 */
export async function readFirst(work: Work, control: RunControl, askModel: AskModel): Promise<Read> {
  const seen = new Set<string>()
  const readings: Reading[] = []
  const read: (readonly LoadedPart[])[] = []
  for (const { parts } of messagesOf(work)) {
    const words: LoadedPart[] = []
    let pictures = 0
    for (const part of parts) {
      const reader = readerOf(work, part)
      if (reader === undefined) {
        words.push(part)
        continue
      }
      const outcome = await askModel(reader.model, readingOf(part, reader, work), control)
      if (outcome.kind === 'failed') return { kind: 'failed', why: failureOf(outcome, reader, readings) }
      readings.push({ kind: part.kind as ReadModality, reader, outcome })
      const text = answerText(outcome.result.output)
      if (part.kind === 'audio') words.push({ kind: 'text', text: transcriptText(text) })
      else {
        const lines = newLines(text, seen)
        pictures += 1
        if (lines !== '' || pictures === 1) words.push({ kind: 'text', text: pictureText(lines, pictures) })
      }
    }
    read.push(words)
  }
  return { kind: 'read', read: { work: withParts(work, read), ...sumOf(readings) } }
}

interface Reading {
  readonly kind: ReadModality
  readonly reader: Reader
  readonly outcome: Extract<Outcome, { readonly kind: 'done' }>
}

function readerOf({ recipe: { readers = {} } }: Work, { kind }: LoadedPart): Reader | undefined {
  return kind === 'audio' || kind === 'image' ? readers[kind] : undefined
}

function readingOf(part: LoadedPart, { model }: Reader, work: Work): Work {
  const { messages: _turns, ...asked } = work
  const task = part.kind === 'audio' ? 'transcribe' : 'ocr'
  return { ...asked, model, task, streaming: false, recipe: {}, options: {}, parts: [part] }
}

/** The usage of a reader that failed is charged at its own price, with the readings before it. */
function failureOf(outcome: Failed, reader: Reader, readings: readonly Reading[]): Failed {
  const { costNanoUsd } = sumOf(readings)
  return { ...outcome, usage: {}, othersNanoUsd: addNanoUsd(costNanoUsd, costOf(outcome.usage, reader.price)) }
}

/** Says so where the recording is silent: a model without that line invents words. */
function transcriptText(transcript: string): string {
  const text = transcript.trim()
  return text === '' ? '[Nothing is said in the sound.]' : `Transcript of the sound:\n${text}`
}

function pictureText(text: string, place: number): string {
  return text === '' ? '[No text is seen in the picture.]' : `Text seen in picture ${place}:\n${text}`
}

/** The lines that no picture before had. */
function newLines(text: string, seen: Set<string>): string {
  const lines = text.split('\n').filter(line => line.trim() !== '' && !seen.has(keyOf(line)))
  for (const line of lines) seen.add(keyOf(line))
  return lines.join('\n')
}

function keyOf(line: string): string {
  return line.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '')
}

/** Words come before the question, as evidence does. */
function withParts(work: Work, read: readonly (readonly LoadedPart[])[]): Work {
  const { parts, messages } = conversationOf(
    messagesOf(work).map(({ role }, at) => ({ role, parts: evidenceFirst(read[at] ?? [], work.parts) })),
  )
  return { ...work, parts, ...(work.messages === undefined ? {} : { messages }) }
}

function evidenceFirst(parts: readonly LoadedPart[], asked: readonly LoadedPart[]): readonly LoadedPart[] {
  const own = new Set(asked)
  return [...parts.filter(part => !own.has(part)), ...parts.filter(part => own.has(part))]
}

function sumOf(readings: readonly Reading[]): Omit<ReadWork, 'work'> {
  const costs = readings.map(({ reader, outcome }) => costOf(outcome.result.usage, reader.price))
  const sure = (kind: ReadModality): object => {
    const confidences = readings.filter(one => one.kind === kind).map(({ outcome }) => outcome.result.rawConfidence)
    return confidences.length === 0 ? {} : { [`read_${kind}`]: Math.min(...confidences) }
  }
  return { costNanoUsd: addNanoUsd(...costs), signals: { ...sure('audio'), ...sure('image') } }
}
