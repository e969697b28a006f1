import type { CheckedPart } from '#services/router/request/states'
import { isWords, type Task, type TaskOptions, type WordPart } from '#services/contract/content'
import type { Recipe, Rung } from '#services/contract/model'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import { defaultMaxOutputTokens } from '#services/state/service-times/workload'
import type { ServiceForecast } from '#services/state/service-times/predict-service'
import { mostExpensiveCost, tokensOf, type Price, type Usage } from '#services/contract/price'

/** Sizes of a request from which a leg's most expensive cost follows. */
export interface Sizes {
  readonly textBytes: number
  readonly images: number
  /** Most tokens that the images are read as. */
  readonly imageTokens: number
  readonly audioMs: number
  readonly parts: number
  /** `generate_image`: pictures that a leg gives. */
  readonly drawn: number
}

/**
 * The most tokens that vision models of the day make of one high-detail image (Qwen2-VL's default cap of 16,384
 * patches of 28 × 28 is a setting; servers run 1,280 to 2,560).
 */
const mostImageTokens = 2560

/**
 * The most tokens that an image of this size is read as: by patches, or by tiles with a small whole beside them,
 * whichever is more.
 * @source Qwen2-VL (a token for 28 × 28 pixels); OpenAI, "Images and vision" (85, and 170 for each tile of 512 × 512)
 */
function imageTokensOf({ width = Infinity, height = Infinity, pages = 1 }: Readonly<Record<string, number>>): number {
  const patches = Math.ceil(width / 28) * Math.ceil(height / 28)
  const tiles = 85 + 170 * Math.ceil(width / 512) * Math.ceil(height / 512)
  return pages * Math.min(mostImageTokens, Math.max(patches, tiles))
}

/**
 * The most that a server counts for a picture that it draws: models that count tokens have no cap to be sent.
 * @source OpenAI, "Image generation", cost and latency: 6,240 for 1024 × 1536 in high quality
 */
const tokensPerDrawing = 8192

/**
 * Tokens that a chat template puts around each message and part.
 * @source the templates of Llama 3, Qwen 2.5 and Mistral: 4 to 20 a message, 28 in all before the first
 */
const templateTokens = 64

/** Measures a request's parts. Audio of unknown length counts as ten minutes, the longest admitted. */
export function sizesOf(parts: readonly CheckedPart[], task?: Task): Sizes {
  let textBytes = 0
  let images = 0
  let imageTokens = 0
  let audioMs = 0
  for (const part of parts) {
    if (isWords(part)) textBytes += bytesOf(part)
    else if (part.kind === 'image') {
      images += 1
      imageTokens += imageTokensOf(part.header)
    }
    // Up, so that a server that counts by the second begun is never above what is held.
    if (part.kind === 'audio') audioMs += Math.max(1, Math.ceil(part.header['durationMs'] ?? 600_000))
  }
  return { textBytes, images, imageTokens, audioMs, parts: parts.length, drawn: Number(task === 'generate_image') }
}

/** Calls of tools and their results count with their ids and field names, which a chat template may show. */
function bytesOf(part: WordPart): number {
  return Buffer.byteLength(part.kind === 'text' ? part.text : JSON.stringify(part))
}

/**
 * The most that a leg can use, over all its samples. A token is at least one byte of text, so bytes bound the
 * tokens: the content, the instruction, the tools and the recipe's own words; servers count sound by the second
 * begun; output is capped upstream, reasoning included; computing is charged up to `computeMs` for each sample.
 */
export function boundsOf(rung: Rung, sizes: Sizes, options: TaskOptions, computeMs: number): Usage {
  const { samples = 1, maxOutputTokens, repair = false } = rung.recipe
  const words = wordsOf(rung.recipe, options, sizes.parts)
  const usualTokens = sizes.drawn > 0 ? tokensPerDrawing : defaultMaxOutputTokens
  const outputTokens = options.maxOutputTokens ?? maxOutputTokens ?? usualTokens
  const imageTokens = Math.max(sizes.imageTokens, sizes.images * (rung.model.imageTokens ?? 0))
  const isRepaired = repair && options.responseFormat !== undefined
  const calls = samples + Number(isRepaired)
  return {
    inputTokens:
      calls * (sizes.textBytes + readBytes(rung, sizes) + words + imageTokens + templateTokens * (1 + sizes.parts)) +
      (isRepaired ? outputTokens + repairTokens : 0),
    outputTokens: calls * outputTokens,
    images: calls * (sizes.images + sizes.drawn),
    audioMs: calls * Math.ceil(sizes.audioMs / 1000) * 1000,
    computeMs: calls * computeMs,
  }
}

/** Most bytes of text that a second of speech is, and that is read in one picture. */
const bytesPerSpokenSecond = 100
const bytesPerPicture = 16_384

/** What the models that read media for a rung put into its prompt, at most. */
function readBytes({ recipe: { readers = {} } }: Rung, { audioMs, images }: Sizes): number {
  const transcriptBytes = readers.audio === undefined ? 0 : Math.ceil(audioMs / 1000) * bytesPerSpokenSecond
  return transcriptBytes + (readers.image === undefined ? 0 : images * bytesPerPicture)
}

/** What asks for a repair, in its template: the validator's finding has at most 300 characters. */
const repairTokens = 1024

/** Bytes around the content: the recipe's prompt, the caller's instruction, the tools. */
function wordsOf(
  { promptTemplate = '', system = '', examples = [] }: Recipe,
  options: TaskOptions,
  parts: number,
): number {
  const template = Buffer.byteLength(promptTemplate)
  const shown = examples.reduce((sum, { input, output }) => sum + Buffer.byteLength(input + output) + template, 0)
  const tools = options.tools === undefined ? 0 : Buffer.byteLength(JSON.stringify(options.tools))
  return template * parts + Buffer.byteLength(system) + shown + Buffer.byteLength(options.instruction ?? '') + tools
}

/** An answer's tokens, counted again by the verifier's tokenizer: no token of the day is longer on average. */
const bytesPerToken = 6
/** Room for the words around question and answer, and for the verdict. */
const verifierWords = 4096
const verdictTokens = 4

/** Worst-case cost of the model that verifies a rung's answer. */
export function mostExpensiveVerdict({ recipe }: Rung, sizes: Sizes, options: TaskOptions, leftMs: number): NanoUsd {
  if (recipe.verifier?.kind !== 'model') return 0
  const answerTokens = options.maxOutputTokens ?? recipe.maxOutputTokens ?? defaultMaxOutputTokens
  const bounds = {
    inputTokens: sizes.textBytes + sizes.imageTokens + answerTokens * bytesPerToken + verifierWords,
    outputTokens: verdictTokens,
    images: sizes.images,
    computeMs: Math.max(0, leftMs),
  }
  return mostExpensiveCost(bounds, recipe.verifier.price)
}

/**
 * Most expensive that the models can get that read media for a rung; each is charged for the time that it computes, so
 * for no more than the leg may run.
 */
export function mostExpensiveReading({ recipe: { readers = {} } }: Rung, sizes: Sizes, leftMs: number): NanoUsd {
  const { audio, image } = readers
  const computeMs = Math.max(0, leftMs)
  const audioUsage = { audioMs: sizes.audioMs, outputTokens: defaultMaxOutputTokens, computeMs }
  const { images, imageTokens: inputTokens } = sizes
  const imageUsage = { images, inputTokens, outputTokens: images * defaultMaxOutputTokens, computeMs }
  return addNanoUsd(
    audio === undefined || sizes.audioMs === 0 ? 0 : mostExpensiveCost(audioUsage, audio.price),
    // Each picture is a request of its own.
    image === undefined || images === 0
      ? 0
      : addNanoUsd(mostExpensiveCost(imageUsage, image.price), (images - 1) * (image.price.perRequest ?? 0)),
  )
}

/** Most expensive that a leg can get. */
export function mostExpensiveLeg(bounds: Usage, price: Price): NanoUsd {
  return mostExpensiveCost(bounds, price)
}

/** Most tokens that one leg can use. */
export function mostTokensOf(bounds: readonly Usage[]): number {
  return Math.max(0, ...bounds.map(tokensOf))
}

/** What the most expensive path over these rungs costs: every rung once, and every leg that may run beside it. */
export function mostExpensivePath(
  rungs: readonly { readonly reserveNanoUsd: NanoUsd; readonly rung: Rung }[],
): NanoUsd {
  return addNanoUsd(...rungs.map(({ reserveNanoUsd, rung }) => reserveNanoUsd * legsOf(rung)))
}

function legsOf({ extraLegs = {} }: Rung): number {
  return Object.values(extraLegs).reduce((sum, count) => sum + count, 1)
}

/**
 * Of a forecast by measurements: what nearly no leg passes, several times over, since the next hour may be busier
 * than the last.
 */
const worstOf99 = 3
const worstOfMedian = 5
/** A forecast by few measurements, or by a policy's mean, is multiplied by this. */
const worstOfGuess = 10
const fewMeasurements = 3
/** Less than this is not worth reserving exactly. */
const leastWorstMs = 1000

/**
 * The most computing time that a leg on an input is charged for: a multiple of what it is predicted to take, and
 * never more than the time that is left or its pool allows. A worker charges no more, so what is held covers what
 * can be charged. Pure.
 */
export function mostComputeMs(
  { longestLegMs = Infinity }: Rung['model'],
  service: Pick<ServiceForecast, 'meanMs' | 'quantileMs' | 'weight'>,
  leftMs: number,
): number {
  const boundMs = Math.max(0, Math.min(leftMs, longestLegMs))
  if (service.meanMs <= 0) return boundMs
  const worstMs =
    service.weight < fewMeasurements
      ? service.quantileMs(0.5) * worstOfGuess
      : Math.max(service.quantileMs(0.99) * worstOf99, service.quantileMs(0.5) * worstOfMedian)
  return Math.ceil(Math.min(boundMs, Math.max(leastWorstMs, worstMs)))
}
