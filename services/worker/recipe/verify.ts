import { answerText, type LegResult } from '#services/contract/answer'
import { isWords, wordsIn } from '#services/contract/content'
import type { Verifier } from '#services/contract/model'
import { costOf } from '#services/contract/price'
import type { RunControl } from '#services/backends/backend'
import { readVerdict } from '#services/backends/answers/verdict'
import type { CheckOrder } from '#services/worker/sandbox/check-order'
import { countPassed } from '#services/worker/sandbox/count-passed'
import { programIn } from '#services/worker/sandbox/fences'
import type { Sandboxes } from '#services/worker/sandbox/sandboxes'
import type { Outcome, Work } from '#services/backends/work'
import { check } from './check.ts'

/** Asks another model of this worker. */
export type AskModel = (model: string, work: Work, control: RunControl) => Promise<Outcome>

/** What verifiers work with. */
export interface VerifyDependencies {
  readonly askModel: AskModel
  readonly sandboxes: Pick<Sandboxes, 'check'>
}

type ModelVerifier = Extract<Verifier, { readonly kind: 'model' }>
type TestsVerifier = Extract<Verifier, { readonly kind: 'tests' }>
type FormVerifier = Extract<Verifier, { readonly kind: 'regex' | 'json-schema' }>

/** What an answer that a program refuses is still trusted. */
const refusedTrust = 0.05
/** Trust in an answer whose verifier could not be asked. */
const unverifiedTrust = 0.5
/** Room for the one word that is wanted. */
const verdictTokens = 4

const defaultTemplate = [
  'Question:\n{question}',
  'Proposed answer:\n{answer}',
  'Is the proposed answer right? Reply with yes or no.',
].join('\n\n')

/**
 * Has the answer verified. The verdict goes into its signals (`verified`, `verifier_score`) and into its confidence.
 */
export async function verify(
  result: LegResult,
  work: Work,
  control: RunControl,
  { askModel, sandboxes }: VerifyDependencies,
): Promise<LegResult> {
  const { verifier } = work.recipe
  if (verifier === undefined) return result
  if (verifier.kind === 'model') {
    return judge(result, verifier, await askModel(verifier.model, questionOf(result, work, verifier), control))
  }
  try {
    // Within what checks, since nobody could look at it where nobody could, or nobody wants it any more, which its
    // leg knows.
    if (verifier.kind === 'tests') return await test(result, verifier, order => check(order, work, control, sandboxes))
    const { passed = false } = await check(orderOf(answerText(result.output), verifier), work, control, sandboxes)
    return {
      ...result,
      rawConfidence: passed ? result.rawConfidence : result.rawConfidence * refusedTrust,
      signals: { ...result.signals, verified: Number(passed) },
    }
  } catch {
    return unverified(result)
  }
}

function orderOf(answer: string, verifier: FormVerifier): CheckOrder {
  return verifier.kind === 'regex'
    ? { kind: 'pattern', pattern: verifier.pattern, answer }
    : { kind: 'schema', schema: verifier.schema, answer }
}

/** A program that fails one case in ten is rarely right: trust falls far faster than the share that passes. */
const failedTestsPower = 4
const defaultTestsMs = 2000
/** Longer programs are no answer that anybody asked for. */
const mostProgramCharacters = 1024 * 1024

async function test(
  result: LegResult,
  { cases, timeoutMs = defaultTestsMs }: TestsVerifier,
  ask: (order: CheckOrder & { readonly kind: 'program' }) => ReturnType<typeof check>,
): Promise<LegResult> {
  const text = result.output.kind === 'text' ? result.output.text : ''
  const program = text.length > mostProgramCharacters ? '' : programIn(text)
  const { calls = [] } = await ask({ kind: 'program', program, calls: cases.map(one => one.call), timeoutMs })
  const share = countPassed(cases, calls) / cases.length
  return {
    ...result,
    rawConfidence: share === 1 ? Math.sqrt(result.rawConfidence) : result.rawConfidence * share ** failedTestsPower,
    signals: { ...result.signals, verified: Number(share === 1), verifier_score: share },
  }
}

function unverified(result: LegResult): LegResult {
  const signals = { ...result.signals, verifier_failed: 1 }
  return { ...result, rawConfidence: result.rawConfidence * unverifiedTrust, signals }
}

function judge(result: LegResult, verifier: ModelVerifier, outcome: Outcome): LegResult {
  const usage = outcome.kind === 'done' ? outcome.result.usage : outcome.usage
  const paid = { ...result, othersNanoUsd: costOf(usage, verifier.price) }
  const score = outcome.kind === 'done' ? scoreOf(outcome.result) : undefined
  if (score === undefined) return unverified(paid)
  return {
    ...paid,
    // Both count: an answer is trusted when its model and its judge are sure.
    rawConfidence: Math.sqrt(result.rawConfidence * score),
    signals: { ...result.signals, verified: Number(score > 0.5), verifier_score: score },
  }
}

function scoreOf({ output, rawConfidence, signals }: LegResult): number | undefined {
  return readVerdict(answerText(output), rawConfidence, signals['has_logprobs'] === 1)
}

function questionOf(result: LegResult, work: Work, { model, promptTemplate = defaultTemplate }: ModelVerifier): Work {
  const question = work.parts.flatMap(part => (isWords(part) ? [wordsIn(part)] : [])).join('\n')
  const answer = answerText(result.output)
  const text = promptTemplate.replaceAll(/\{(question|answer)\}/gu, (_whole, name) =>
    name === 'answer' ? answer : question,
  )
  const { messages: _turns, ...asked } = work
  return {
    ...asked,
    model,
    streaming: false,
    recipe: { temperature: 0, maxOutputTokens: verdictTokens },
    options: {},
    parts: [...work.parts.filter(part => part.kind === 'image'), { kind: 'text', text }],
  }
}
