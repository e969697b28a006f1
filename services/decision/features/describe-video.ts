/** What a video's container says of it; only what is known. */
export interface VideoHeader {
  readonly width?: number
  readonly height?: number
  readonly durationMs?: number
  readonly frames?: number
  readonly keyFrames?: number
  /** Standard deviation over mean of the sizes of its frames. */
  readonly frameSizeSpread?: number
  readonly audioTracks?: number
  readonly bytes?: number
  /** Mean change of brightness between frames that were looked at, in [0,1]. */
  readonly motion?: number
  /** How often the picture changes as a whole. */
  readonly cuts?: number
}

/**
 * Signs of how much there is to see in a video. From its container: size, length, rate, and what the encoder found hard
 * to foretell: bits a pixel, uneven frames, and how often it began again. From its frames, where they were looked at:
 * motion and cuts. Pure; every sign that is given is finite.
 */
export function describeVideo(header: VideoHeader): Readonly<Record<string, number>> {
  const { width, height, durationMs, frames, keyFrames, frameSizeSpread, audioTracks, bytes, motion, cuts } = header
  const seconds = positive(durationMs === undefined ? undefined : durationMs / 1000)
  const pixels = positive(width === undefined || height === undefined ? undefined : width * height)
  const rate = positive(ratio(frames, seconds))
  const bits = bytes === undefined ? undefined : bytes * 8
  const features: Readonly<Record<string, number | undefined>> = {
    log_seconds: mapped(seconds, Math.log1p),
    log_megapixels: mapped(pixels, value => Math.log1p(value / 1e6)),
    log_shorter_side: mapped(pixels, () => Math.log(Math.max(1, Math.min(width ?? 1, height ?? 1)))),
    log_aspect: mapped(pixels, () => Math.log((width ?? 1) / Math.max(1, height ?? 1))),
    log_frame_rate: mapped(rate, Math.log1p),
    log_bit_rate: mapped(positive(ratio(bits, seconds)), Math.log1p),
    bits_per_pixel: mapped(ratio(bits, product(pixels, positive(frames))), value => Math.min(32, value)),
    key_frames_per_second: mapped(ratio(keyFrames, seconds), value => Math.min(60, value)),
    frame_size_spread: mapped(frameSizeSpread, value => Math.min(10, value)),
    motion,
    log_cuts: mapped(cuts, Math.log1p),
    cuts_per_second: mapped(ratio(cuts, seconds), value => Math.min(60, value)),
    has_audio: mapped(audioTracks, value => Number(value > 0)),
  }
  return Object.fromEntries(
    Object.entries(features).filter(
      (sign): sign is [string, number] => sign[1] !== undefined && Number.isFinite(sign[1]),
    ),
  )
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}

function ratio(value: number | undefined, by: number | undefined): number | undefined {
  return value === undefined || by === undefined ? undefined : value / by
}

function product(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b
}

function mapped(value: number | undefined, to: (value: number) => number): number | undefined {
  return value === undefined ? undefined : to(value)
}
