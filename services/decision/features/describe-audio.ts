import { voicedRatio } from './voiced-ratio.ts'

/**
 * Signs of how hard speech is to hear, from its samples: level, noise, activity, clipping. Pure; one pass over
 * frames of 20 ms.
 */
export function describeAudio(samples: Float32Array, sampleRateHz: number): Readonly<Record<string, number>> {
  const frame = Math.max(1, Math.round(sampleRateHz * frameSeconds))
  const levels: number[] = []
  let crossings = 0
  let clipped = 0
  let peak = 0
  for (let from = 0; from < samples.length; from += frame) {
    const to = Math.min(samples.length, from + frame)
    let energy = 0
    for (let at = from; at < to; at += 1) {
      const value = samples[at]!
      energy += value * value
      const size = Math.abs(value)
      if (size > peak) peak = size
      if (size > clipLevel) clipped += 1
      if (at > 0 && value * samples[at - 1]! < 0) crossings += 1
    }
    levels.push(decibels(Math.sqrt(energy / (to - from))))
  }
  const sorted = levels.toSorted((a, b) => a - b)
  const at = (ratio: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(ratio * sorted.length))] ?? silence
  const floor = at(0.1)
  const active = levels.map(level => level > floor + activeAboveDb && level > quietDb)
  const bursts = active.filter((now, index) => now && active[index - 1] !== true).length
  const seconds = samples.length / sampleRateHz
  const header = { durationMs: seconds * 1000, sampleRateHz }
  return {
    ...describeAudioHeader(header),
    level_db: at(0.5),
    loud_db: at(0.9),
    floor_db: floor,
    range_db: at(0.95) - floor,
    peak,
    active_ratio: active.filter(Boolean).length / Math.max(1, levels.length),
    bursts_per_second: bursts / Math.max(0.1, seconds),
    log_bursts: Math.log1p(bursts),
    crossing_ratio: crossings / Math.max(1, samples.length),
    clipped_ratio: clipped / Math.max(1, samples.length),
    voiced_ratio: voicedRatio(samples, sampleRateHz),
  }
}

/** Features of sound from its header alone: how long, and how finely sampled. Pure. */
export function describeAudioHeader({
  durationMs,
  sampleRateHz,
}: {
  readonly durationMs?: number
  readonly sampleRateHz?: number
}): Readonly<Record<string, number>> {
  return {
    ...(durationMs === undefined ? {} : { log_seconds: Math.log1p(Math.max(0, durationMs) / 1000) }),
    ...(sampleRateHz === undefined || sampleRateHz <= 0 ? {} : { log_rate: Math.log(sampleRateHz / 8000) }),
  }
}

const frameSeconds = 0.02
/**
 * A frame is active when it stands this far above the noise floor: half of what separates soft speech from room
 * noise in a quiet room.
 */
const activeAboveDb = 9
const quietDb = -55
const clipLevel = 0.985
const silence = -100

function decibels(ratio: number): number {
  return ratio > 0 ? Math.max(silence, 20 * Math.log10(ratio)) : silence
}
