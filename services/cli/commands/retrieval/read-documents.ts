import { readFileSync } from 'node:fs'
import { basename, extname } from 'node:path'
import type { GatewayCaller } from '#services/cli/client/client'
import { CommandFault } from '#services/cli/client/failure'
import { partOfFile } from '#services/cli/client/message-size'
import { MediaError } from '#services/media/media-error'
import { readPdfTexts } from '#services/media/sight/read-pdf'
import { locatorToWire } from '#services/wire/convert/convert-locator'
import { durationToWire } from '#services/wire/convert/time'
import type { Document } from '#services/wire/generated/sluice/v1/Document'
import { pairOf } from './metadata-pairs.ts'
import { readSubtitles } from './read-subtitles.ts'

type Read = (file: string, gateway: GatewayCaller) => Promise<readonly Document[]> | readonly Document[]

const mostPages = 10_000
const transcriptionMs = 600_000
const recordings = ['.wav', '.mp3', '.flac', '.ogg', '.opus', '.m4a', '.webm', '.mp4', '.mov']
const readers: Readonly<Record<string, Read>> = {
  '.jsonl': rowsOf,
  '.pdf': pagesOf,
  '.vtt': subtitlesOf,
  '.srt': subtitlesOf,
  ...Object.fromEntries(recordings.map(ending => [ending, transcriptOf])),
}

/**
 * The documents of a file: the lines of a `.jsonl`, the pages of a PDF, the cues of subtitles, what is said in a
 * recording, which the gateway transcribes, or the text of any other. @throws CommandFault
 */
export async function documentsOf(file: string, gateway: GatewayCaller): Promise<readonly Document[]> {
  const reader = readers[extname(file).toLowerCase()]
  return reader === undefined ? [{ id: file, title: '', text: textOf(file), metadata: {} }] : reader(file, gateway)
}

async function pagesOf(file: string): Promise<readonly Document[]> {
  const pages = await readPdfTexts(read(file), { pages: mostPages }).catch((error: unknown) => {
    throw error instanceof MediaError ? new CommandFault(`${file}: ${error.message}`) : error
  })
  if (pages.every(text => text === '')) {
    throw new CommandFault(`${file}: its pages are pictures without text: \`infer --ocr\` reads them`)
  }
  const sections = pages.map((text, at) => ({ text, locator: { page: at + 1 } }))
  return [{ id: file, title: basename(file), sections, metadata: {} }]
}

function subtitlesOf(file: string): readonly Document[] {
  const cues = readSubtitles(textOf(file))
  if (cues.length === 0) throw new CommandFault(`${file}: it has no subtitles`)
  const sections = cues.map(({ text, ...times }) => ({ text, locator: locatorToWire(times) }))
  return [{ id: file, title: basename(file), sections, metadata: {} }]
}

async function transcriptOf(file: string, gateway: GatewayCaller): Promise<readonly Document[]> {
  const { output } = await gateway.call('Infer', {
    task: 'TASK_TRANSCRIBE',
    content: [partOfFile({ audio: { bytes: read(file) } }, file)],
    options: { timestamps: 'segment' },
    constraints: { deadline: durationToWire(transcriptionMs) },
  })
  const sections = (output?.segments ?? []).map(({ text, start, end }) => ({
    text,
    locator: { ...(start === null ? {} : { start }), ...(end === null ? {} : { end }) },
  }))
  if (sections.length === 0) throw new CommandFault(`${file}: nothing is said in it`)
  return [{ id: file, title: basename(file), sections, metadata: {} }]
}

function rowsOf(file: string): readonly Document[] {
  return textOf(file)
    .split('\n')
    .flatMap((line, at) => (line.trim() === '' ? [] : documentOf(line, `${file}:${at + 1}`)))
}

function textOf(file: string): string {
  const bytes = read(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CommandFault(`${file}: it is no text in UTF-8`)
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    throw new CommandFault(`${file}: it cannot be read`)
  }
}

function documentOf(line: string, place: string): Document {
  const { id, title = '', text, metadata = {} } = objectOf(line, place)
  if (typeof id !== 'string' || typeof text !== 'string' || typeof title !== 'string') {
    throw new CommandFault(`${place}: expected {"id": text, "text": text, "title"?: text, "metadata"?: object}`)
  }
  if (typeof metadata !== 'object' || metadata === null)
    throw new CommandFault(`${place}: metadata: expected an object`)
  const pairs = Object.entries(metadata).map(([field, value]) => {
    const pair = pairOf(value)
    if (pair === undefined) throw new CommandFault(`${place}: metadata.${field}: expected a text, a number or a flag`)
    return [field, pair] as const
  })
  return { id, title, text, metadata: Object.fromEntries(pairs) }
}

function objectOf(line: string, place: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // It is said below.
  }
  throw new CommandFault(`${place}: expected an object of JSON`)
}
