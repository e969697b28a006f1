import { ALL_FORMATS, BufferSource, Input, type InputVideoTrack } from 'mediabunny'
import { MediaError } from '../media-error.ts'
import { decodeVideo } from './decode-video.ts'
import { createFrameChoice, type Frame } from './choose-frames.ts'

/** Limits on how much of a video is decoded. */
export interface FrameLimits {
  /** Longest video. */
  readonly seconds: number
  /** Largest frame. */
  readonly megapixels: number
  /** Most frames that are kept. */
  readonly frames: number
}

/** What is seen of a video. */
export interface VideoFrames {
  readonly frames: readonly Frame[]
  readonly durationMs: number
  /** Mean change between sampled frames, in [0,1]. */
  readonly motion: number
  /** How often the picture changes as a whole. */
  readonly cuts: number
}

/** Longer side of a frame that is kept. */
const longestSide = 1280
/** Sampled frames, evenly over the video. */
const lookedAt = 96
const mostFramesPerSecond = 4

/**
 * Picks the frames of a video that differ from those before them.
 * @throws MediaError when it has no picture, is damaged, too large or too long, or nothing here decodes it
 */
export async function readFrames(bytes: Uint8Array, limits: FrameLimits): Promise<VideoFrames> {
  const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS })
  const track = await orDamaged(input.getPrimaryVideoTrack())
  if (track === null) throw new MediaError('it holds no picture track, or is cut short')
  const seconds = await orDamaged(track.computeDuration())
  if (seconds > limits.seconds) {
    throw new MediaError(`it is ${Math.round(seconds)} s long, at most ${limits.seconds} s are taken`)
  }
  const { width, height } = sizeOf(track, limits)
  const choice = createFrameChoice(limits.frames, width, height)
  const framesPerSecond = Math.min(mostFramesPerSecond, lookedAt / Math.max(1, seconds))
  await decodeVideo(track, { width, height, framesPerSecond, megapixels: limits.megapixels }, data => choice.push(data))
  const { frames, motion, cuts } = choice.finish()
  if (frames.length === 0) throw new MediaError(`the video cannot be decoded: ${String(track.codec)}`)
  return { frames, motion, cuts, durationMs: seconds * 1000 }
}

function sizeOf(
  track: InputVideoTrack,
  { megapixels }: FrameLimits,
): { readonly width: number; readonly height: number } {
  const { displayWidth, displayHeight } = track
  const size = (displayWidth * displayHeight) / 1e6
  if (!(size > 0)) throw new MediaError('the video does not say how large it is')
  if (size > megapixels) {
    throw new MediaError(`its frames have ${size.toFixed(1)} megapixels, at most ${megapixels} are taken`)
  }
  const scale = Math.min(1, longestSide / Math.max(displayWidth, displayHeight))
  return {
    width: Math.max(2, Math.round(displayWidth * scale)),
    height: Math.max(2, Math.round(displayHeight * scale)),
  }
}

/** The demuxer's own words are of its insides. */
async function orDamaged<Value>(reading: Promise<Value>): Promise<Value> {
  try {
    return await reading
  } catch {
    throw new MediaError('the video is damaged or cut short')
  }
}
