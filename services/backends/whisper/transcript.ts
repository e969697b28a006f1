import { deflateSync } from 'node:zlib'
import { mean, quantile } from '../answers/statistics.ts'

/** What interpretation needs to know of one decoded window. */
export interface TranscribedWindow {
  readonly text: string
  readonly tokens: readonly number[]
  readonly logProbabilities: readonly number[]
  readonly margins: readonly number[]
  readonly noSpeechProbability: number
  readonly languageProbability: number
  readonly ending: 'end' | 'loop' | 'limit' | 'stopped'
  readonly audioMs: number
}

/** Text with the signs by which it can be trusted. */
export interface Transcript {
  readonly text: string
  readonly rawConfidence: number
  readonly signals: Readonly<Record<string, number>>
}

/**
 * A window that is likely silence and unlikely text is taken as silence.
 * @source openai/whisper `transcribe.py`: no_speech_threshold 0.6, logprob_threshold -1
 */
const silenceProbability = 0.6
const silenceLogProbability = -1
/**
 * Text that deflates better than this is repetitive.
 * @source openai/whisper `transcribe.py`: compression_ratio_threshold 2.4
 */
const repetitiveRatio = 2.4
/** The quickest speech in Whisper's vocabulary: about 4 words a second of 2 tokens each. */
const quickestTokensPerSecond = 8
/**
 * Weights of the raw confidence, by the ranking of right above wrong answers on spoken numbers (three Whisper
 * sizes: AUROC 0.75 to 0.91).
 */
const weakestShare = 0.3
const silenceShare = 0.3
/** Who sends audio expects words; silence is rarer than speech that was not understood. */
const emptyShare = 0.3

/**
 * Joins windows to one text and reads its signs. All signals are finite:
 *
 * | signal | what |
 * |---|---|
 * | `logprob_mean`, `logprob_min`, `logprob_q10`, `logprob_q50` | natural logarithms of token probabilities |
 * | `margin_mean`, `margin_min`, `margin_q10` | probability of a token less that of the second best |
 * | `no_speech` | highest probability of a window that it holds no speech |
 * | `language` | lowest probability of a window's language |
 * | `compression_ratio` | text size by deflated size |
 * | `looped` | share of windows that went round in a loop |
 * | `unfinished` | share of windows that did not end by themselves |
 * | `tokens_per_second` | text tokens by duration of the audio |
 * | `tokens`, `audio_s`, `windows` | counts |
 */
export function interpretTranscript(windows: readonly TranscribedWindow[]): Transcript {
  const spoken = windows.filter(window => !isSilence(window))
  const text = spoken
    .map(window => window.text.trim())
    .filter(piece => piece !== '')
    .join(' ')
  const signals = readSignals(text, windows)
  return { text, rawConfidence: confidenceOf(text, signals), signals }
}

/** Whether a window counts as silence. */
export function isSilence(window: TranscribedWindow): boolean {
  return window.noSpeechProbability > silenceProbability && mean(window.logProbabilities) < silenceLogProbability
}

function readSignals(text: string, windows: readonly TranscribedWindow[]): Record<string, number> {
  const logProbabilities = windows.flatMap(window => window.logProbabilities)
  const margins = windows.flatMap(window => window.margins)
  const tokens = windows.reduce((sum, window) => sum + window.tokens.length, 0)
  const audioSeconds = windows.reduce((sum, window) => sum + window.audioMs, 0) / 1000
  const share = (of: (window: TranscribedWindow) => boolean): number =>
    windows.filter(of).length / Math.max(1, windows.length)
  return {
    logprob_mean: mean(logProbabilities),
    logprob_min: quantile(logProbabilities, 0),
    logprob_q10: quantile(logProbabilities, 0.1),
    logprob_q50: quantile(logProbabilities, 0.5),
    margin_mean: mean(margins),
    margin_min: quantile(margins, 0),
    margin_q10: quantile(margins, 0.1),
    no_speech: Math.max(0, ...windows.map(window => window.noSpeechProbability)),
    language: Math.min(1, ...windows.map(window => window.languageProbability)),
    compression_ratio: compressionRatio(text),
    looped: share(window => window.ending === 'loop'),
    unfinished: share(window => window.ending !== 'end'),
    tokens_per_second: tokens / Math.max(0.1, audioSeconds),
    tokens,
    audio_s: audioSeconds,
    windows: windows.length,
  }
}

/** Typical and weakest tokens, cut down by each sign of silence and invention. */
function confidenceOf(text: string, signals: Readonly<Record<string, number>>): number {
  const at = (name: string): number => signals[name] ?? 0
  const sure = Math.exp(at('logprob_mean') + weakestShare * at('logprob_q10')) * (1 - silenceShare * at('no_speech'))
  const repetition = Math.min(1, repetitiveRatio / Math.max(repetitiveRatio, at('compression_ratio'))) ** 2
  const haste = Math.min(1, quickestTokensPerSecond / Math.max(quickestTokensPerSecond, at('tokens_per_second')))
  const whole = (1 - 0.9 * at('looped')) * (1 - 0.5 * at('unfinished'))
  const spoken = text === '' ? emptyShare : 1
  return Math.max(0, Math.min(1, sure * repetition * haste * whole * spoken))
}

function compressionRatio(text: string): number {
  const bytes = Buffer.from(text)
  return bytes.length === 0 ? 0 : bytes.length / deflateSync(bytes).length
}
