import { answerText, type LegResult } from '#services/contract/answer'
import { isWords, wordsIn } from '#services/contract/content'
import type { Verifier } from '#services/contract/model'
import { costOf } from '#services/contract/price'
import type { RunControl } from '#services/worker/backends/backend'
import { countPassed, programIn } from '#services/worker/sandbox/count-passed'
import type { Judges } from '#services/worker/sandbox/judges'
import { passes, readVerdict } from '#services/worker/backends/answers/verdict'
import type { Outcome, Work } from '#services/worker/states'

/** Asks another model of this worker. */
export type AskModel = (model: string, work: Work, control: RunControl) => Promise<Outcome>

/** What verifiers work with. */
export interface VerifyDependencies {
  readonly askModel: AskModel
  readonly judges: Pick<Judges, 'run'>
}

type ModelVerifier = Extract<Verifier, { readonly kind: 'model' }>
type TestsVerifier = Extract<Verifier, { readonly kind: 'tests' }>

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

/** Has the answer looked at; the verdict goes into its signs (`verified`, `verifier_score`) and into its confidence. */
export async function verify(
  result: LegResult,
  work: Work,
  control: RunControl,
  { askModel, judges }: VerifyDependencies,
): Promise<LegResult> {
  const { verifier } = work.recipe
  if (verifier === undefined) return result
  if (verifier.kind === 'model') return judge(result, work, verifier, control, askModel)
  if (verifier.kind === 'tests') return test(result, verifier, control.signal(work.legId), judges)
  const verified = passes(answerText(result.output), verifier)
  return {
    ...result,
    rawConfidence: verified ? result.rawConfidence : result.rawConfidence * refusedTrust,
    signals: { ...result.signals, verified: Number(verified) },
  }
}

/** A program that fails one case in ten is rarely right: trust falls far faster than the share that passes. */
const failedTestsPower = 4
const defaultTestsMs = 2000

async function test(
  result: LegResult,
  { cases, timeoutMs = defaultTestsMs }: TestsVerifier,
  signal: AbortSignal,
  judges: VerifyDependencies['judges'],
): Promise<LegResult> {
  const calls = cases.map(one => one.call)
  const program = result.output.kind === 'text' ? programIn(result.output.text) : ''
  try {
    const passed = countPassed(cases, await judges.run({ program, calls, timeoutMs }, signal))
    const share = passed / cases.length
    return {
      ...result,
      rawConfidence: share === 1 ? Math.sqrt(result.rawConfidence) : result.rawConfidence * share ** failedTestsPower,
      signals: { ...result.signals, verified: Number(share === 1), verifier_score: share },
    }
  } catch {
    // Nobody could look at it, or nobody wants it any more, which its leg knows.
    return unverified(result)
  }
}

function unverified(result: LegResult): LegResult {
  const signals = { ...result.signals, verifier_failed: 1 }
  return { ...result, rawConfidence: result.rawConfidence * unverifiedTrust, signals }
}

async function judge(
  result: LegResult,
  work: Work,
  verifier: ModelVerifier,
  control: RunControl,
  askModel: AskModel,
): Promise<LegResult> {
  const outcome = await askModel(verifier.model, questionOf(result, work, verifier), control)
  const usage = outcome.kind === 'done' ? outcome.result.usage : outcome.usage
  const paid = { ...result, verifierNanoUsd: costOf(usage, verifier.price) }
  const score = outcome.kind === 'done' ? scoreOf(outcome.result) : undefined
  if (score === undefined) return unverified(paid)
  return {
    ...paid,
    // Both have a say: an answer is trusted when its model and its judge are sure.
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
  return {
    ...work,
    model,
    streaming: false,
    recipe: { temperature: 0, maxOutputTokens: verdictTokens },
    options: {},
    parts: [...work.parts.filter(part => part.kind === 'image'), { kind: 'text', text }],
  }
}
