import type { FinishReason, LegResult, TextOutput } from '#services/contract/answer'
import type { Reasoning, ToolCall } from '#services/contract/content'
import type { Usage } from '#services/contract/price'
import { mean, quantile } from './statistics.ts'

/** What was gathered of a streamed answer. */
export interface Generated {
  readonly text: string
  readonly logprobs: readonly number[]
  readonly finishReason: string
  readonly toolCalls?: readonly ToolCall[]
  /** What the model thought before, each with the name of the model. */
  readonly reasoning?: readonly Reasoning[]
}

/** A token less likely than this was a guess: even odds. */
const guess = Math.log(0.5)
/** Without log-probabilities a server says nothing of its trust. */
const unknown = 0.5
/** An answer of nothing is hardly ever what was asked for. */
const empty = 0.05

/**
 * Turns generated text into an answer with its signs: `mean_logprob`, `q10_logprob` and `min_logprob` of its tokens,
 * `guess_ratio`, `tokens`, `cut` (1 when the cap on output ended it), `repetition` (share of words that repeat a run
 * of four seen before), `has_logprobs`. The raw confidence is the geometric mean of the chances of the doubtful tenth
 * and of all tokens.
 */
export function interpretGeneration(generated: Generated, usage: Usage): LegResult {
  const { text, logprobs, finishReason, toolCalls = [] } = generated
  const has = logprobs.length > 0
  const isEmpty = text.trim() === '' && toolCalls.length === 0
  const average = mean(logprobs)
  const doubtful = quantile(logprobs, 0.1)
  return {
    output: outputOf(generated),
    rawConfidence: isEmpty ? empty : has ? Math.exp((average + doubtful) / 2) : unknown,
    usage,
    signals: {
      mean_logprob: average,
      q10_logprob: doubtful,
      min_logprob: logprobs.reduce((least, logprob) => Math.min(least, logprob), 0),
      guess_ratio: logprobs.filter(logprob => logprob < guess).length / Math.max(1, logprobs.length),
      tokens: usage.outputTokens ?? 0,
      cut: Number(finishReason === 'length'),
      repetition: repetitionOf(text),
      has_logprobs: Number(has),
    },
  }
}

function outputOf({ text, finishReason, toolCalls = [], reasoning = [] }: Generated): TextOutput {
  const ending: FinishReason = finishReason === 'length' ? 'length' : toolCalls.length > 0 ? 'tool_calls' : 'stop'
  return {
    kind: 'text',
    text,
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(reasoning.length === 0 ? {} : { reasoning }),
    finishReason: ending,
  }
}

/** A loop shows in the end of a text. */
const longestRead = 65_536

function repetitionOf(text: string): number {
  const words = text.slice(-longestRead).toLowerCase().split(/\s+/u).filter(Boolean)
  const seen = new Set<string>()
  let repeated = 0
  for (let at = 0; at + 4 <= words.length; at += 1) {
    const run = words.slice(at, at + 4).join(' ')
    if (seen.has(run)) repeated += 1
    seen.add(run)
  }
  return repeated / Math.max(1, words.length - 3)
}
