import type { Caveat } from '#services/contract/answer'
import type { Modality, Task, WordPart } from '#services/contract/content'
import { invalidField } from '#services/contract/errors'
import { withoutAbsent } from '#services/contract/without-absent'
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
  /** What rungs of ladders for videos are sent of one; `undefined` where no ladder of the task is for videos. */
  readonly viewsFor: (task: Task) => readonly Modality[] | undefined
}

/** Limits on how much of a medium is decoded. */
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
  /** Place of the part in the request. */
  readonly place: number
  readonly field: string
  readonly limits: ViewLimits
  readonly signal: AbortSignal
  /** Told what every answer to the request is going to lack. */
  readonly onCaveat: (caveat: Caveat) => void
}

/**
 * Turns a part that no model takes for the task into parts that one takes: the sound of a video, its frames, the
 * pages of a document, its text. Where rungs of one ladder take different views of a video, it becomes all of them.
 * Other parts stay as they are.
 * @throws GatewayError InvalidRequest that names the field
 */
export async function viewPart(
  part: CheckedPart,
  order: ViewOrder,
  dependencies: ViewDependencies,
): Promise<readonly CheckedPart[]> {
  if (part.kind !== 'video' && part.kind !== 'document') return [part]
  const view = viewerOf(part.kind, order.task, dependencies)
  if (view === undefined) return [part]
  try {
    return await view(part, order, dependencies)
  } catch (error) {
    throw error instanceof MediaError ? invalidField(`${order.field}.bytes`, error.message) : error
  }
}

type Viewer = (part: Media, order: ViewOrder, dependencies: ViewDependencies) => Promise<readonly CheckedPart[]>

/** What a medium is turned into views by; `undefined` where it is taken as it is. */
function viewerOf(kind: 'video' | 'document', task: Task, { takes, viewsFor }: ViewDependencies): Viewer | undefined {
  const wanted = kind === 'video' ? viewsFor(task) : undefined
  if (wanted?.some(view => view !== 'video') === true) {
    return async (part, order, dependencies) => viewAll(part, wanted, order, dependencies)
  }
  if (takes(task, kind)) return undefined
  return kind === 'video' ? viewVideo : viewDocument
}

/** Every view of a video that some rung is sent, with what is known of the whole. */
async function viewAll(
  part: Media,
  wanted: readonly Modality[],
  { place, limits, signal }: ViewOrder,
  { audio, sight }: ViewDependencies,
): Promise<readonly CheckedPart[]> {
  const isMute = part.header['audioTracks'] === 0
  const [frames, sound] = await Promise.all([
    wanted.includes('image') ? framesOf(part, 'pictures', limits, { sight, signal }) : undefined,
    wanted.includes('audio') && !isMute ? soundOf(part, audio, signal) : undefined,
  ])
  const wholeHeader = { ...part.header, ...frames?.facts }
  const views = [...(wanted.includes('video') ? [part] : []), ...(frames?.parts ?? []), ...(sound ?? [])]
  if (views.length === 0) throw new MediaError('it has no sound track, and no model here sees its frames')
  return views.map(view => ({ ...view, viewOf: place, wholeHeader }))
}

async function soundOf({ bytes, mediaType }: Media, audio: AudioDecoder, signal: AbortSignal): Promise<[Media]> {
  const { wav, durationMs } = await audio.decode(bytes, mediaType.replace('video/', 'audio/'), signal)
  const header = { durationMs, sampleRateHz: targetRateHz, channels: 1, bytes: wav.byteLength }
  return [{ kind: 'audio', bytes: wav, mediaType: 'audio/wav', header }]
}

interface Seen {
  readonly parts: readonly Media[]
  readonly facts: Readonly<Record<string, number>>
  /** How many pages of a document could not be drawn. */
  readonly lostPages: number
}

async function framesOf(
  { bytes }: Media,
  as: 'file' | 'pictures',
  { imageMegapixels: megapixels, videoSeconds: seconds, videoFrames: frames }: ViewLimits,
  { sight, signal }: { readonly sight: SightDecoder; readonly signal: AbortSignal },
): Promise<Seen> {
  return picturesOf({ kind: 'frames', as, bytes, limits: { megapixels, seconds, frames } }, sight, signal)
}

async function viewVideo(
  part: Media,
  { task, limits, signal }: ViewOrder,
  { audio, sight, takes }: ViewDependencies,
): Promise<readonly CheckedPart[]> {
  if (takes(task, 'audio')) return soundOf(part, audio, signal)
  if (!takes(task, 'image')) return [part]
  // A recogniser reads the pages of one file; models that talk take pictures.
  const as = task === 'ocr' ? 'file' : 'pictures'
  return (await framesOf(part, as, limits, { sight, signal })).parts
}

async function viewDocument(
  part: Media,
  { task, limits, signal, onCaveat }: ViewOrder,
  { sight, takes }: ViewDependencies,
): Promise<readonly CheckedPart[]> {
  const { bytes } = part
  if (takes(task, 'text')) {
    const seen = await sight.decode({ kind: 'texts', bytes, limits: { pages: limits.textPages } }, signal)
    const texts = seen.kind === 'texts' ? seen.texts : []
    const text = textOf(texts)
    tellUnread(texts.length, texts.filter(one => one === '').length, 1, onCaveat)
    return [{ kind: 'text', text }]
  }
  if (!takes(task, 'image')) return [part]
  const drawn = await picturesOf({ kind: 'pages', bytes, limits: { pages: limits.drawnPages } }, sight, signal)
  tellUnread(drawn.parts[0]?.header['pages'] ?? 1, drawn.lostPages, lostPageTrust, onCaveat)
  return drawn.parts
}

/** A reading that lacks a page is not right, however well the others are read. */
const lostPageTrust = 0.5

/** What is asked may be on a page that was not read. */
function tellUnread(pages: number, unread: number, trust: number, onCaveat: ViewOrder['onCaveat']): void {
  if (unread === 0) return
  const note = `${pages - unread} of ${pages} pages of the document were read`
  onCaveat({ note, mostConfidence: trust * ((pages - unread) / pages) })
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

async function picturesOf(order: SightOrder, sight: SightDecoder, signal: AbortSignal): Promise<Seen> {
  const seen: Sight = await sight.decode(order, signal)
  if (seen.kind === 'texts') throw new Error('pictures were asked for and texts came')
  const { pictures, facts, lostPages = [] } = seen
  const parts = pictures.map(picture => imageOf(picture, facts))
  return { parts, facts: withoutAbsent(facts), lostPages: lostPages.length }
}

function imageOf({ bytes, mediaType, width, height, pages }: PictureFile, facts: object): Media {
  const header = { ...facts, width, height, bytes: bytes.byteLength, ...(pages > 1 && { pages }) }
  return { kind: 'image', bytes, mediaType, header }
}
