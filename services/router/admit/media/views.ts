import type { Modality, Task, WordPart } from '#services/contract/content'
import { invalidField } from '#services/contract/errors'
import type { AudioDecoder } from '#services/media/audio/audio-decoder'
import { targetRateHz } from '#services/media/audio/mono-sink'
import { MediaError } from '#services/media/media-error'
import type { PictureFile } from '#services/media/sight/join-pictures'
import type { SightDecoder } from '#services/media/sight/sight-decoder'
import type { Sight, SightOrder } from '#services/media/sight/see'
import type { CheckedPart } from '#services/router/request/states'

/** What media are turned into what models take with. */
export interface ViewDependencies {
  readonly audio: AudioDecoder
  readonly sight: SightDecoder
  /** Whether some model takes such parts for a task as they are. */
  readonly takes: (task: Task, modality: Modality) => boolean
}

/** How much of a medium is looked at. */
export interface ViewLimits {
  readonly imageMegapixels: number
  readonly videoSeconds: number
  /** Most frames of a video. */
  readonly videoFrames: number
  /** Most pages of a document that are drawn. */
  readonly drawnPages: number
  /** Most pages of a document whose text is read. */
  readonly textPages: number
}

type Media = Exclude<CheckedPart, WordPart>

/** The part that is viewed, for what, and the field that an error names. */
export interface ViewOrder {
  readonly task: Task
  readonly field: string
  readonly limits: ViewLimits
  readonly signal: AbortSignal
}

/**
 * Turns a part that no model takes for the task into parts that one takes: the sound of a video, its frames, the
 * pages of a document, its text. Other parts stay as they are.
 * @throws GatewayError InvalidRequest that names the field
 */
export async function viewPart(
  part: CheckedPart,
  order: ViewOrder,
  dependencies: ViewDependencies,
): Promise<readonly CheckedPart[]> {
  if (part.kind !== 'video' && part.kind !== 'document') return [part]
  if (dependencies.takes(order.task, part.kind)) return [part]
  try {
    return part.kind === 'video'
      ? await viewVideo(part, order, dependencies)
      : await viewDocument(part, order, dependencies)
  } catch (error) {
    throw error instanceof MediaError ? invalidField(`${order.field}.bytes`, error.message) : error
  }
}

async function viewVideo(
  part: Media,
  { task, limits, signal }: ViewOrder,
  { audio, sight, takes }: ViewDependencies,
): Promise<readonly CheckedPart[]> {
  const { bytes, mediaType } = part
  if (takes(task, 'audio')) {
    const { wav, durationMs } = await audio.decode(bytes, mediaType.replace('video/', 'audio/'), signal)
    const header = { durationMs, sampleRateHz: targetRateHz, channels: 1, bytes: wav.byteLength }
    return [{ kind: 'audio', bytes: wav, mediaType: 'audio/wav', header }]
  }
  if (!takes(task, 'image')) return [part]
  const { imageMegapixels: megapixels, videoSeconds: seconds, videoFrames: frames } = limits
  // A recogniser reads the pages of one file; models that talk take pictures.
  const as = task === 'ocr' ? 'file' : 'pictures'
  return picturesOf({ kind: 'frames', as, bytes, limits: { megapixels, seconds, frames } }, sight, signal)
}

async function viewDocument(
  part: Media,
  { task, limits, signal }: ViewOrder,
  { sight, takes }: ViewDependencies,
): Promise<readonly CheckedPart[]> {
  const { bytes } = part
  if (takes(task, 'text')) {
    const seen = await sight.decode({ kind: 'texts', bytes, limits: { pages: limits.textPages } }, signal)
    return [{ kind: 'text', text: textOf(seen.kind === 'texts' ? seen.texts : []) }]
  }
  if (!takes(task, 'image')) return [part]
  return picturesOf({ kind: 'pages', bytes, limits: { pages: limits.drawnPages } }, sight, signal)
}

/** Pages without a text layer are named, so that no model takes what it got for all. */
function textOf(pages: readonly string[]): string {
  if (pages.every(text => text === '')) {
    throw new MediaError('no page of the document has a text layer: read its pages as pictures by task ocr')
  }
  return pages
    .map((text, place) => (text === '' ? `[page ${place + 1} is a picture and was not read]` : text))
    .join('\n\n')
}

async function picturesOf(
  order: SightOrder,
  sight: SightDecoder,
  signal: AbortSignal,
): Promise<readonly CheckedPart[]> {
  const seen: Sight = await sight.decode(order, signal)
  if (seen.kind === 'texts') throw new Error('pictures were asked for and texts came')
  return seen.pictures.map(picture => imageOf(picture, seen.facts))
}

function imageOf({ bytes, mediaType, width, height, pages }: PictureFile, facts: object): CheckedPart {
  const header = { ...facts, width, height, bytes: bytes.byteLength, ...(pages > 1 && { pages }) }
  return { kind: 'image', bytes, mediaType, header }
}
