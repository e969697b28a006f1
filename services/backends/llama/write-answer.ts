import {
  LlamaGrammarEvaluationState,
  type LlamaContextSequence,
  type LlamaGrammar,
  type LlamaModel,
  type Token,
} from 'node-llama-cpp'
import { withoutAbsent } from '#services/contract/without-absent'
import type { Sampling } from '../remote/prompt.ts'
import { cutAtStop } from './stop-strings.ts'

/** What a model has written so far. */
export interface Written {
  /** Tokens of the prompt that were computed, those kept from the call before not counted. */
  evaluatedTokens: number
  outputTokens: number
  readonly logprobs: number[]
  text: string
  /** `abandoned` when the call was cancelled. */
  end: 'stop' | 'length' | 'abandoned'
}

/** What an answer is written with. */
export interface Writing {
  readonly model: LlamaModel
  readonly sequence: LlamaContextSequence
  readonly prompt: readonly Token[]
  readonly sampling: Sampling
  readonly grammar: LlamaGrammar | undefined
  readonly isAbandoned: () => boolean
  readonly onText: (piece: string) => Promise<void>
}

/** Prompt tokens computed in one step; a cancelled call ends between two steps. */
const promptStep = 32
/** The likeliest token, unless the request asks for more spread. */
const defaultTemperature = 0
const leastChance = 1e-9

/**
 * Computes the prompt, then writes token by token until the model ends, a stop string is met, the cap is reached or
 * nobody wants more. At temperature 0 a token's chance is the model's own; above, that of the distribution it was
 * drawn from.
 */
export async function writeAnswer(writing: Writing): Promise<Written> {
  const { sequence, sampling, isAbandoned } = writing
  const written: Written = { evaluatedTokens: 0, outputTokens: 0, logprobs: [], text: '', end: 'stop' }
  const rest = await readPrompt(writing, written)
  if (isAbandoned()) return { ...written, end: 'abandoned' }
  const { temperature = defaultTemperature, topP, topK, seed, maxOutputTokens } = sampling
  const steps = sequence.evaluateWithMetadata(
    [...rest],
    { confidence: true },
    {
      temperature,
      ...withoutAbsent({ topP, topK, seed }),
      ...grammarOption(writing),
      yieldEogToken: false,
    },
  )
  const tokens: Token[] = []
  for await (const { token, confidence } of steps) {
    if (isAbandoned()) return { ...written, end: 'abandoned' }
    tokens.push(token)
    written.outputTokens += 1
    written.logprobs.push(Math.log(Math.max(leastChance, confidence)))
    if (await show(tokens, true, writing, written)) return written
    if (writing.grammar !== undefined && isWholeJson(written.text)) return written
    if (written.outputTokens >= maxOutputTokens) {
      written.end = 'length'
      break
    }
  }
  await show(tokens, false, writing, written)
  return written
}

/**
 * Computes all of the prompt but its last step, which the first token is drawn with; what the call before left is
 * kept.
 */
async function readPrompt({ sequence, prompt, isAbandoned }: Writing, written: Written): Promise<readonly Token[]> {
  // The last token is always computed again: its output is what the first token is drawn from.
  await sequence.adaptStateToTokens(prompt.slice(0, -1), false)
  const fresh = prompt.slice(sequence.nextTokenIndex)
  written.evaluatedTokens = fresh.length
  let at = 0
  for (; at + promptStep < fresh.length && !isAbandoned(); at += promptStep) {
    await sequence.evaluateWithoutGeneratingNewTokens(fresh.slice(at, at + promptStep))
  }
  return fresh.slice(at)
}

/**
 * What the library's grammars of JSON allow behind a value, again and again: some models write it until their cap.
 */
const grammarEnd = '\n\n\n\n'

/** Whether an object or a list is complete: nothing but ends of lines may follow it. */
function isWholeJson(text: string): boolean {
  if (!/[}\]]\s*$/u.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    // A brace within.
    return false
  }
}

/**
 * Shows what has come since; true once a stop string was met. A character of several tokens is held back until it
 * is whole.
 */
async function show(
  tokens: readonly Token[],
  mayGrow: boolean,
  { model, sampling, grammar, onText }: Writing,
  written: Written,
): Promise<boolean> {
  const whole = model.detokenize(tokens)
  if (mayGrow && whole.endsWith('\uFFFD')) return false
  const stops = [...(sampling.stop ?? []), ...(grammar === undefined ? [] : [grammarEnd])]
  const { text, stopped } = cutAtStop(whole, stops, mayGrow)
  const piece = text.slice(written.text.length)
  written.text = text
  if (piece !== '') await onText(piece)
  return stopped
}

function grammarOption({ model, grammar }: Writing): { grammarEvaluationState?: LlamaGrammarEvaluationState } {
  return grammar === undefined ? {} : { grammarEvaluationState: new LlamaGrammarEvaluationState({ model, grammar }) }
}
