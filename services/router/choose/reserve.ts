import type { CheckedPart } from '../states.ts'
import type { TaskOptions } from '../../shared/contract/content.ts'
import type { Rung } from '../../shared/contract/model.ts'
import { addNanoUsd, type NanoUsd } from '../../shared/contract/money.ts'
import { costOf } from '../../shared/contract/price.ts'

/** Sizes of a request from which a leg's dearest cost follows. */
export interface Sizes {
  readonly textBytes: number
  readonly images: number
  readonly audioMs: number
}

/** Output tokens reserved where neither request nor recipe says: the cap that the worker sends upstream too. */
const defaultMaxOutputTokens = 1024

/** Tokens reserved for an image: the most that vision models of the day make of one high-detail image (Qwen2-VL's default cap of 16,384 patches of 28 × 28 is a setting; servers run 1,280 to 2,560). */
const tokensPerImage = 2560

/** Longest that one leg computes on a self-hosted model: the worker stops it there. */
const longestComputeMs = 20_000

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
  return { textBytes, images, audioMs }
}

/**
 * Dearest that a leg can get. A token is at least one byte of text, so bytes bound the tokens; output is capped
 * upstream; computing stops at {@link longestComputeMs} or at the deadline.
 */
export function dearestLeg(rung: Rung, sizes: Sizes, options: TaskOptions, leftMs: number): NanoUsd {
  const outputTokens = options.maxOutputTokens ?? rung.recipe.maxOutputTokens ?? defaultMaxOutputTokens
  return costOf(
    {
      inputTokens: sizes.textBytes + sizes.images * tokensPerImage,
      outputTokens,
      images: sizes.images,
      audioMs: sizes.audioMs,
      computeMs: Math.max(0, Math.min(leftMs, longestComputeMs)),
    },
    rung.model.price,
  )
}

/** What the dearest path over these rungs costs: every rung once. */
export function dearestPath(reserves: readonly NanoUsd[]): NanoUsd {
  return addNanoUsd(...reserves)
}
