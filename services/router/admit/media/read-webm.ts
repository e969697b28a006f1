import { MediaError } from '#services/media/media-error'
import { SizeSpread } from './size-spread.ts'
import type { VideoFacts } from './video-facts.ts'

/** More elements than this are read of none: an hour of video has fewer blocks. */
const mostElements = 400_000

const ids = {
  head: 0x1a_45_df_a3,
  segment: 0x18_53_80_67,
  info: 0x15_49_a9_66,
  timecodeScale: 0x2a_d7_b1,
  duration: 0x44_89,
  tracks: 0x16_54_ae_6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  defaultDuration: 0x23_e3_83,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  cluster: 0x1f_43_b6_75,
  clusterTime: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  referenceBlock: 0xfb,
} as const

/**
 * Elements whose inside is read on; what has no known size is read the same way, since nothing relies on where it
 * ends.
 */
const opened: ReadonlySet<number> = new Set([
  ids.segment,
  ids.info,
  ids.tracks,
  ids.trackEntry,
  ids.video,
  ids.cluster,
  ids.blockGroup,
])

interface Track {
  number: number
  type: number
  width: number
  height: number
  frameNs: number
}

/** What was found so far. */
interface Found {
  scaleNs: number
  duration: number
  readonly tracks: Track[]
  clusterTime: number
  lastTime: number
  keyFrames: number
  /** A block in a group is a key frame until the group names a reference. */
  grouped: boolean
  readonly sizes: SizeSpread
}

/**
 * Reads the index of a WebM (Matroska) file and the heads of its blocks: RFC 9559.
 * @throws MediaError when it cannot be read or has no video track
 */
export function readWebmFacts(bytes: Uint8Array): VideoFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found: Found = {
    scaleNs: 1_000_000,
    duration: 0,
    tracks: [],
    clusterTime: 0,
    lastTime: 0,
    keyFrames: 0,
    grouped: false,
    sizes: new SizeSpread(),
  }
  let at = 0
  for (let element = 0; element < mostElements; element += 1) {
    const head = elementAt(view, at)
    if (head === undefined) break
    if (opened.has(head.id)) {
      if (head.id === ids.trackEntry) found.tracks.push({ number: 0, type: 0, width: 0, height: 0, frameNs: 0 })
      at = head.from
      continue
    }
    const to = head.from + head.size
    // A recording that was broken off may end within a block; what was before it is sound.
    if (to > view.byteLength) break
    takes.get(head.id)?.(found, view, head.from, to)
    at = to
  }
  return factsOf(found)
}

function factsOf({ tracks, scaleNs, duration, lastTime, keyFrames, sizes }: Found): VideoFacts {
  const video = tracks.find(track => track.type === videoType)
  if (video === undefined) throw new MediaError('there is no video track in it')
  const ticks = duration > 0 ? duration : lastTime
  const durationMs = (ticks * scaleNs + (duration > 0 ? 0 : video.frameNs)) / 1e6
  return {
    ...(video.width > 0 && video.height > 0 ? { width: video.width, height: video.height } : {}),
    ...(durationMs > 0 ? { durationMs } : {}),
    ...(sizes.count > 0 ? { frames: sizes.count, keyFrames } : {}),
    ...(sizes.ratio === undefined ? {} : { frameSizeSpread: sizes.ratio }),
    audioTracks: tracks.filter(track => track.type === audioType).length,
  }
}

const videoType = 1
const audioType = 2

type Take = (found: Found, view: DataView, from: number, to: number) => void

const ofTrack =
  (field: keyof Track): Take =>
  (found, view, from, to) => {
    const track = found.tracks.at(-1)
    if (track !== undefined) track[field] = unsigned(view, from, to)
  }

/**
 * The head of a block: track, time within its cluster, and whether it is a key frame, which a flag of its own or its
 * group says.
 */
const ofBlock =
  (key: 'flag' | 'group'): Take =>
  (found, view, from, to) => {
    const track = variable(view, from, true)
    found.grouped = false
    if (track === undefined || track.next + 3 > to) return
    if (found.tracks.find(one => one.number === track.value)?.type !== videoType) return
    found.lastTime = Math.max(found.lastTime, found.clusterTime + view.getInt16(track.next))
    found.sizes.add(to - track.next - 3)
    found.grouped = key === 'group'
    if (key === 'group' || (view.getUint8(track.next + 2) & 0x80) !== 0) found.keyFrames += 1
  }

const takes: ReadonlyMap<number, Take> = new Map<number, Take>([
  [ids.timecodeScale, (found, view, from, to) => void (found.scaleNs = unsigned(view, from, to))],
  [ids.duration, (found, view, from, to) => void (found.duration = real(view, from, to))],
  [ids.trackNumber, ofTrack('number')],
  [ids.trackType, ofTrack('type')],
  [ids.defaultDuration, ofTrack('frameNs')],
  [ids.pixelWidth, ofTrack('width')],
  [ids.pixelHeight, ofTrack('height')],
  [ids.clusterTime, (found, view, from, to) => void (found.clusterTime = unsigned(view, from, to))],
  [ids.simpleBlock, ofBlock('flag')],
  [ids.block, ofBlock('group')],
  [
    ids.referenceBlock,
    found => {
      if (found.grouped) found.keyFrames -= 1
      found.grouped = false
    },
  ],
])

function elementAt(view: DataView, at: number): { id: number; from: number; size: number } | undefined {
  const id = variable(view, at, false)
  const size = id === undefined ? undefined : variable(view, id.next, true)
  return id === undefined || size === undefined ? undefined : { id: id.value, from: size.next, size: size.value }
}

/**
 * A number whose length its first byte tells; ids keep that mark, sizes do not. `undefined` at the end or where
 * there is none.
 */
function variable(view: DataView, at: number, unmarked: boolean): { value: number; next: number } | undefined {
  if (at >= view.byteLength) return undefined
  const first = view.getUint8(at)
  const length = Math.clz32(first) - 23
  if (length > 8 || at + length > view.byteLength) return undefined
  let value = unmarked ? first & (0xff >> length) : first
  for (let byte = 1; byte < length; byte += 1) value = value * 256 + view.getUint8(at + byte)
  return { value, next: at + length }
}

function unsigned(view: DataView, from: number, to: number): number {
  let value = 0
  for (let at = from; at < Math.min(to, from + 8); at += 1) value = value * 256 + view.getUint8(at)
  return value
}

function real(view: DataView, from: number, to: number): number {
  if (to - from === 8) return view.getFloat64(from)
  return to - from === 4 ? view.getFloat32(from) : 0
}
