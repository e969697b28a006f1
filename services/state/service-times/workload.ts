import type { Task, TaskOptions } from '#services/contract/content'
import type { Recipe } from '#services/contract/model'

/** How much work an input is, whatever model does it. */
export interface Workload {
  /** Of all words, by their bytes. */
  readonly inputTokens: number
  readonly images: number
  /** Of all images together. */
  readonly megapixels: number
  /** What models see of them: each image up to the size that it is scaled to before it is looked at. */
  readonly seenMegapixels: number
  readonly audioSeconds: number
  /** Windows of 30 s in which sound is transcribed: a model of speech pads the last one. */
  readonly audioWindows: number
  readonly videoSeconds: number
}

/** An input of nothing. */
export const noWork: Workload = {
  inputTokens: 0,
  images: 0,
  megapixels: 0,
  seenMegapixels: 0,
  audioSeconds: 0,
  audioWindows: 0,
  videoSeconds: 0,
}

/**
 * What service time grows with, and how much of it a unit takes beside the others: the shape that a forecast has
 * while nothing was measured that would tell them apart. Only the proportions count; the scale comes from what is
 * measured.
 * @source measured on CPU: Whisper tiny to small (a window 5 to 15 times a second of its speech), PP-OCR (decoding
 * and detecting by pixels), MiniLM (a token), chat servers (reading a token 50 times as fast as writing one)
 */
export const workShape = [
  ['start', 20],
  ['inputTokens', 0.3],
  ['outputTokens', 15],
  ['images', 100],
  ['megapixels', 10],
  ['seenMegapixels', 300],
  ['audioWindows', 400],
  ['audioSeconds', 40],
  ['videoSeconds', 100],
] as const

/** Amounts in the order of `workShape`. */
export type WorkVector = readonly number[]

/** The vector of an input whose answer has so many tokens. */
export function workVectorOf(work: Workload, outputTokens: number): WorkVector {
  return workShape.map(([name]) => (name === 'start' ? 1 : name === 'outputTokens' ? outputTokens : work[name]))
}

/** The size of an input in units of the shape: what classes of size are made by. */
export function sizeOf(vector: WorkVector): number {
  return workShape.reduce((sum, [, unit], at) => sum + unit * (vector[at] ?? 0), 0)
}

/**
 * The most output tokens that a leg may have; `undefined` where a task writes none that are to be waited for one by
 * one.
 */
export function outputCapOf(task: Task, options: TaskOptions, recipe: Recipe): number | undefined {
  if (task !== 'generate') return undefined
  return options.maxOutputTokens ?? recipe.maxOutputTokens ?? defaultMaxOutputTokens
}

/** Output tokens where neither request nor recipe sets them: the cap that the worker sends upstream. */
export const defaultMaxOutputTokens = 1024

/** A token of English is about four bytes. */
const bytesPerToken = 4

/** Tokens of words of so many bytes. */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken)
}

/**
 * Models scale larger images down to about this before they look: 1,536 pixels a side for lines of text, less for
 * most vision models.
 */
const mostSeenMegapixels = 2.4

/** What models see of an image of this size. */
export function seenMegapixelsOf(megapixels: number): number {
  return Math.min(megapixels, mostSeenMegapixels)
}

/**
 * Seconds of sound in one window of a model of speech.
 * @source Radford and others, Robust Speech Recognition via Large-Scale Weak Supervision (2022)
 */
const windowSeconds = 30

/** Windows of a sound. */
export function windowsOf(seconds: number): number {
  return Math.ceil(seconds / windowSeconds)
}

/**
 * The input that a policy's mean latency is taken to be of: what the rows of a calibration are like. A policy for
 * inputs with pictures, sound or video was calibrated on such.
 */
export function typicalWork(task: Task, { images, audioWindows, videoSeconds }: Workload): Workload {
  const hasImages = images > 0 || task === 'ocr'
  const hasAudio = audioWindows > 0 || task === 'transcribe'
  return {
    ...noWork,
    ...(task === 'transcribe' || task === 'ocr' ? {} : { inputTokens: 60 }),
    ...(hasImages ? { images: 1, megapixels: 0.5, seenMegapixels: 0.5 } : {}),
    ...(hasAudio ? { audioSeconds: 8, audioWindows: 1 } : {}),
    ...(videoSeconds > 0 ? { videoSeconds: 10 } : {}),
  }
}
