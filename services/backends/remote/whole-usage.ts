import type { Usage } from '#services/contract/price'
import { readWavFacts } from '#services/media/decode-wav'
import { MediaError } from '#services/media/media-error'
import { wholeAudioMs } from '#services/media/whole-audio-ms'
import { resolveUsage, type ReportedUsage, type UsageCounts } from './wire/usage-counts.ts'
import { billedInput, type Billed } from './reported-usage.ts'
import type { Oddity } from '#services/backends/oddity'

/** What is billed for a vector: what the server read. */
export function embeddingUsage(counts: UsageCounts | undefined, input: string): Billed {
  // Servers without output report only a total, or an output of 0.
  const reported = resolveUsage({ ...counts, output: 0 })
  const { usage, oddities } = billedInput(reported, [{ kind: 'text', text: input }])
  return { usage, oddities: [...reported.oddities, ...oddities] }
}

/** Room for tokens that leave no text. */
const spareTokens = 2048
/** A server that counts by the second begun, and whose clock is not ours, is no more than this above. */
const spareSeconds = 2

/**
 * What is billed for a transcript: the seconds and tokens that the server counted; where it counts no seconds,
 * those that the recording has.
 */
export function transcriptUsage(counts: UsageCounts | undefined, text: string, bytes: Uint8Array): Billed {
  const { seconds = 0 } = counts ?? {}
  const own = ownAudioMs(bytes)
  const reported = resolveUsage(counts)
  const isLonger = seconds > own.audioMs / 1000 + spareSeconds
  return {
    usage: { ...tokensOf(reported), ...(seconds > 0 ? { audioMs: wholeAudioMs(seconds * 1000) } : own) },
    oddities: [
      ...reported.oddities,
      ...(isLonger ? (['seconds-over-length'] as const) : []),
      // A token of text has a character.
      ...overCap(reported, text.length + spareTokens),
    ],
  }
}

/** Bytes of a millisecond of 16 bits of one channel at 16 kHz: what sound in another container is taken for. */
const bytesPerMs = 32

function ownAudioMs(bytes: Uint8Array): { readonly audioMs: number; readonly estimated?: boolean } {
  try {
    return { audioMs: wholeAudioMs(readWavFacts(bytes).durationMs) }
  } catch (error) {
    if (!(error instanceof MediaError)) throw error
    return { audioMs: Math.ceil(bytes.byteLength / bytesPerMs), estimated: true }
  }
}

/**
 * More than servers count for one picture.
 * @source OpenAI, "Image generation", cost and latency: 6,240 for 1024 × 1536 in high quality
 */
const mostDrawingTokens = 20_000

/** What is billed for a picture: it, and the tokens that the server counted. */
export function drawingUsage(counts: UsageCounts | undefined, prompt: string): Billed {
  const reported = resolveUsage(counts)
  const isWordy = (reported.inputTokens ?? 0) > Buffer.byteLength(prompt) + spareTokens
  return {
    usage: { images: 1, ...tokensOf(reported) },
    oddities: [
      ...reported.oddities,
      ...(isWordy ? (['input-over-bound'] as const) : []),
      ...overCap(reported, mostDrawingTokens),
    ],
  }
}

function tokensOf({ oddities: _oddities, ...tokens }: ReportedUsage): Usage {
  return tokens
}

function overCap({ outputTokens = 0 }: ReportedUsage, mostTokens: number): readonly Oddity[] {
  return outputTokens > mostTokens ? ['output-over-cap'] : []
}
