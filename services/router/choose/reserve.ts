import type { CheckedPart } from '../states.ts'
import type { TaskOptions } from '../../shared/contract/content.ts'
import type { Rung } from '../../shared/contract/model.ts'
import { addNanoUsd, type NanoUsd } from '../../shared/contract/money.ts'
import { dearestCost, tokensOf, type Price, type Usage } from '../../shared/contract/price.ts'

/** Sizes of a request from which a leg's dearest cost follows. */
export interface Sizes {
  readonly textBytes: number
  readonly images: number
  readonly audioMs: number
  readonly parts: number
}

/** Output tokens reserved where neither request nor recipe says: the cap that the worker sends upstream too. */
const defaultMaxOutputTokens = 1024

/** Tokens reserved for an image: the most that vision models of the day make of one high-detail image (Qwen2-VL's default cap of 16,384 patches of 28 × 28 is a setting; servers run 1,280 to 2,560). */
const tokensPerImage = 2560

/** Tokens that a chat template puts around each message and part. @source the templates of Llama 3, Qwen 2.5 and Mistral: 4 to 20 a message, 28 in all before the first */
const templateTokens = 64

/** Measures a request's parts. Audio of unknown length counts as ten minutes, the longest admitted. */
export function sizesOf(parts: readonly CheckedPart[]): Sizes {
  let textBytes = 0
  let images = 0
  let audioMs = 0
  for (const part of parts) {
    if (part.kind === 'text') textBytes += Buffer.byteLength(part.text)
    else if (part.kind === 'image') images += 1
    else if (part.kind === 'audio') audioMs += part.header['durationMs'] ?? 600_000
  }
  return { textBytes, images, audioMs, parts: parts.length }
}

/**
 * The most that a leg can use. A token is at least one byte of text, so bytes bound the tokens: the content, the instruction and the
 * rung's own template; output is capped upstream, reasoning included; computing stops at the deadline, or when the leg
 * has run as long as its pool allows.
 */
export function boundsOf(rung: Rung, sizes: Sizes, options: TaskOptions, leftMs: number): Usage {
  const { promptTemplate = '', maxOutputTokens } = rung.recipe
  const words = Buffer.byteLength(options.instruction ?? '') + Buffer.byteLength(promptTemplate) * sizes.parts
  return {
    inputTokens: sizes.textBytes + words + sizes.images * tokensPerImage + templateTokens * (1 + sizes.parts),
    outputTokens: options.maxOutputTokens ?? maxOutputTokens ?? defaultMaxOutputTokens,
    images: sizes.images,
    audioMs: sizes.audioMs,
    computeMs: Math.max(0, Math.min(leftMs, rung.model.longestLegMs ?? leftMs)),
  }
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
