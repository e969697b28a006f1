import { MediaError } from '#services/media/media-error'
import { SizeSpread } from './size-spread.ts'
import type { VideoFacts } from './video-facts.ts'

/** More boxes than this are no index of a video. */
const mostBoxes = 20_000
/** Sizes of frames beyond these change no spread. */
const mostSizes = 20_000

interface Box {
  readonly type: string
  readonly from: number
  readonly to: number
}

/**
 * Reads the index of an MP4 (or QuickTime) file: ISO/IEC 14496-12.
 * @throws MediaError when it is cut short or has no video track
 */
export function readMp4Facts(bytes: Uint8Array): VideoFacts {
  try {
    return factsOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new MediaError('the index of the video is cut short', { cause: error })
  }
}

function factsOf(view: DataView): VideoFacts {
  const top = boxesIn(view, 0, view.byteLength)
  const movie = top.find(box => box.type === 'moov')
  if (movie === undefined) throw new MediaError('the video has no index: it is cut short')
  const inMovie = boxesIn(view, movie.from, movie.to)
  const tracks = inMovie.filter(box => box.type === 'trak').map(box => trackOf(view, box))
  const video = tracks.find(track => track.kind === 'vide')
  if (video === undefined) throw new MediaError('there is no video track in it')
  const durationMs =
    video.durationMs ??
    timed(
      view,
      inMovie.find(box => box.type === 'mvhd'),
    )
  const fragments = video.frames > 0 ? 0 : fragmentFrames(view, top, video.id)
  const frames = video.frames + fragments
  const audioTracks = tracks.filter(track => track.kind === 'soun').length
  return withoutAbsent({
    width: video.width,
    height: video.height,
    durationMs,
    frames: frames === 0 ? undefined : frames,
    keyFrames: video.keyFrames,
    frameSizeSpread: video.spread,
    audioTracks,
  })
}

interface Track {
  readonly kind: string
  readonly id: number
  readonly width: number | undefined
  readonly height: number | undefined
  readonly durationMs: number | undefined
  readonly frames: number
  readonly keyFrames: number | undefined
  readonly spread: number | undefined
}

function trackOf(view: DataView, track: Box): Track {
  const inTrack = boxesIn(view, track.from, track.to)
  const inMedia = within(view, inTrack, 'mdia')
  const handler = inMedia.find(box => box.type === 'hdlr')
  const table = within(view, within(view, inMedia, 'minf'), 'stbl')
  return {
    kind: handler === undefined ? '' : text(view, handler.from + 8),
    ...shapeOf(
      view,
      inTrack.find(box => box.type === 'tkhd'),
    ),
    durationMs: timed(
      view,
      inMedia.find(box => box.type === 'mdhd'),
    ),
    ...framesOf(view, table),
  }
}

function shapeOf(view: DataView, header: Box | undefined): Pick<Track, 'id' | 'width' | 'height'> {
  if (header === undefined) return { id: 0, width: undefined, height: undefined }
  const long = view.getUint8(header.from) === 1
  const shape = header.from + (long ? 88 : 76)
  return {
    id: view.getUint32(header.from + (long ? 20 : 12)),
    // 16.16 fixed point.
    width: positive(view.getUint32(shape) / 65_536),
    height: positive(view.getUint32(shape + 4) / 65_536),
  }
}

function framesOf(view: DataView, table: readonly Box[]): Pick<Track, 'frames' | 'keyFrames' | 'spread'> {
  const sizes = table.find(box => box.type === 'stsz')
  const keys = table.find(box => box.type === 'stss')
  if (sizes === undefined) return { frames: 0, keyFrames: undefined, spread: undefined }
  const frames = view.getUint32(sizes.from + 8)
  return {
    frames,
    // Without a table every frame is one that can be begun at.
    keyFrames: keys === undefined ? positive(frames) : view.getUint32(keys.from + 4),
    spread: spreadOf(view, sizes, frames),
  }
}

function spreadOf(view: DataView, sizes: Box, frames: number): number | undefined {
  if (view.getUint32(sizes.from + 4) !== 0) return 0
  const spread = new SizeSpread()
  const step = Math.max(1, Math.ceil(frames / mostSizes))
  for (let frame = 0; frame < frames; frame += step) spread.add(view.getUint32(sizes.from + 12 + 4 * frame))
  return spread.ratio
}

/** Frames of a video that is stored in fragments, whose index names none. */
function fragmentFrames(view: DataView, top: readonly Box[], trackId: number): number {
  let frames = 0
  for (const fragment of top.filter(box => box.type === 'moof')) {
    for (const track of boxesIn(view, fragment.from, fragment.to).filter(box => box.type === 'traf')) {
      const inTrack = boxesIn(view, track.from, track.to)
      const header = inTrack.find(box => box.type === 'tfhd')
      if (header === undefined || view.getUint32(header.from + 4) !== trackId) continue
      for (const run of inTrack.filter(box => box.type === 'trun')) frames += view.getUint32(run.from + 4)
    }
  }
  return frames
}

/** The duration in a header of a movie or medium; `undefined` where it is not known. */
function timed(view: DataView, header: Box | undefined): number | undefined {
  if (header === undefined) return undefined
  const long = view.getUint8(header.from) === 1
  const scale = view.getUint32(header.from + (long ? 20 : 12))
  const ticks = long ? Number(view.getBigUint64(header.from + 24)) : view.getUint32(header.from + 16)
  const unknown = long ? 2 ** 64 - 1 : 0xff_ff_ff_ff
  return scale === 0 || ticks >= unknown ? undefined : positive((ticks / scale) * 1000)
}

function within(view: DataView, boxes: readonly Box[], type: string): readonly Box[] {
  const box = boxes.find(one => one.type === type)
  return box === undefined ? [] : boxesIn(view, box.from, box.to)
}

function boxesIn(view: DataView, from: number, to: number): readonly Box[] {
  const boxes: Box[] = []
  let at = from
  while (at + 8 <= to) {
    const short = view.getUint32(at)
    const head = short === 1 ? 16 : 8
    const size = short === 1 ? Number(view.getBigUint64(at + 8)) : short === 0 ? to - at : short
    if (size < head || boxes.length >= mostBoxes) throw new MediaError('the boxes of the video do not fit together')
    boxes.push({ type: text(view, at + 4), from: at + head, to: Math.min(to, at + size) })
    at += size
  }
  return boxes
}

function text(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3))
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}

function withoutAbsent(facts: { readonly [K in keyof VideoFacts]: VideoFacts[K] | undefined }): VideoFacts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}
