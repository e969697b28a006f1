import type { CheckedPart } from '#services/router/request/states'
import { isWords, type Task, type TaskOptions, type WordPart } from '#services/contract/content'
import type { Recipe, Rung } from '#services/contract/model'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import { wholeAudioMs } from '#services/media/whole-audio-ms'
import { dearestCost, tokensOf, type Price, type Usage } from '#services/contract/price'

/** Sizes of a request from which a leg's dearest cost follows. */
export interface Sizes {
  readonly textBytes: number
  readonly images: number
  readonly audioMs: number
  readonly parts: number
  /** `generate_image`: pictures that a leg gives. */
  readonly drawn: number
}

/** Output tokens reserved where neither request nor recipe says: the cap that the worker sends upstream too. */
const defaultMaxOutputTokens = 1024

/** Tokens reserved for an image: the most that vision models of the day make of one high-detail image (Qwen2-VL's default cap of 16,384 patches of 28 × 28 is a setting; servers run 1,280 to 2,560). */
const tokensPerImage = 2560

/** The most that a server counts for a picture that it draws: models that count tokens have no cap to be sent. @source OpenAI, "Image generation", cost and latency: 6,240 for 1024 × 1536 in high quality */
const tokensPerDrawing = 8192

/** Tokens that a chat template puts around each message and part. @source the templates of Llama 3, Qwen 2.5 and Mistral: 4 to 20 a message, 28 in all before the first */
const templateTokens = 64

/** Measures a request's parts. Audio of unknown length counts as ten minutes, the longest admitted. */
export function sizesOf(parts: readonly CheckedPart[], task?: Task): Sizes {
  let textBytes = 0
  let images = 0
  let audioMs = 0
  for (const part of parts) {
    if (isWords(part)) textBytes += bytesOf(part)
    else if (part.kind === 'image') images += 1
    else if (part.kind === 'audio') audioMs += wholeAudioMs(part.header['durationMs'] ?? 600_000)
  }
  return { textBytes, images, audioMs, parts: parts.length, drawn: Number(task === 'generate_image') }
}

/** Calls of tools and their results count with their ids and field names, which a chat template may show. */
function bytesOf(part: WordPart): number {
  return Buffer.byteLength(part.kind === 'text' ? part.text : JSON.stringify(part))
}

/**
 * The most that a leg can use, over all its samples. A token is at least one byte of text, so bytes bound the tokens: the content, the
 * instruction, the tools and the recipe's own words; servers count sound by the second begun; output is capped upstream, reasoning included; computing stops at the deadline, or
 * when the leg has run as long as its pool allows.
 */
export function boundsOf(rung: Rung, sizes: Sizes, options: TaskOptions, leftMs: number): Usage {
  const { samples = 1, maxOutputTokens } = rung.recipe
  const words = wordsOf(rung.recipe, options, sizes.parts)
  const usualTokens = sizes.drawn > 0 ? tokensPerDrawing : defaultMaxOutputTokens
  const outputTokens = options.maxOutputTokens ?? maxOutputTokens ?? usualTokens
  const computeMs = Math.max(0, Math.min(leftMs, rung.model.longestLegMs ?? leftMs))
  return {
    inputTokens:
      samples * (sizes.textBytes + words + sizes.images * tokensPerImage + templateTokens * (1 + sizes.parts)),
    outputTokens: samples * outputTokens,
    images: samples * (sizes.images + sizes.drawn),
    audioMs: samples * Math.ceil(sizes.audioMs / 1000) * 1000,
    computeMs: samples * computeMs,
  }
}

/** Bytes of what stands around the content: the recipe's words, the caller's instruction, the tools. */
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

/** An answer's tokens, counted anew by the verifier's tokenizer: no token of the day is longer on average. */
const bytesPerToken = 6
/** Room for the words around question and answer, and for the verdict. */
const verifierWords = 4096
const verdictTokens = 4

/** Dearest that the model can get that looks at a rung's answer. */
export function dearestVerdict({ recipe }: Rung, sizes: Sizes, options: TaskOptions, leftMs: number): NanoUsd {
  if (recipe.verifier?.kind !== 'model') return 0
  const answerTokens = options.maxOutputTokens ?? recipe.maxOutputTokens ?? defaultMaxOutputTokens
  const bounds = {
    inputTokens: sizes.textBytes + sizes.images * tokensPerImage + answerTokens * bytesPerToken + verifierWords,
    outputTokens: verdictTokens,
    images: sizes.images,
    computeMs: Math.max(0, leftMs),
  }
  return dearestCost(bounds, recipe.verifier.price)
}

/** Dearest that a leg can get. */
export function dearestLeg(bounds: Usage, price: Price): NanoUsd {
  return dearestCost(bounds, price)
}

/** Most tokens that one leg can use. */
export function mostTokensOf(bounds: readonly Usage[]): number {
  return Math.max(0, ...bounds.map(tokensOf))
}

/** What the dearest path over these rungs costs: every rung once, and every leg that may run beside it. */
export function dearestPath(rungs: readonly { readonly reserveNanoUsd: NanoUsd; readonly rung: Rung }[]): NanoUsd {
  return addNanoUsd(...rungs.map(({ reserveNanoUsd, rung }) => reserveNanoUsd * legsOf(rung)))
}

function legsOf({ extraLegs = {} }: Rung): number {
  return Object.values(extraLegs).reduce((sum, count) => sum + count, 1)
}
