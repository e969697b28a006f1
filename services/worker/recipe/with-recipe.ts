import { addNanoUsd } from '#services/contract/money'
import { isReadFirst, readFirst } from './read-first.ts'
import { addUsage, type LegResult } from '#services/contract/answer'
import type { Recipe } from '#services/contract/model'
import type { Backend, RunControl } from '#services/backends/backend'
import { agreeOn } from '#services/backends/answers/agreement'
import type { Outcome, Work } from '#services/backends/work'
import { check } from './check.ts'
import { checkShape } from './check-shape.ts'
import { repair, repairs } from './repair.ts'
import { verify, type VerifyDependencies } from './verify.ts'

/** Samples that shall differ need some heat, where the recipe names none. */
const samplingTemperature = 0.7

/**
 * Stands before a backend and does what of a recipe no model does by itself: reading media, samples, the answer within
 * the text, a verifier.
 */
export function withRecipe(backend: Backend, dependencies: VerifyDependencies): Backend {
  return {
    ...backend,
    run: async (batch, control) => {
      const plain = batch.filter(work => !needsMore(work))
      const outcomes = new Map<Work, Outcome>()
      const ranPlain = async (): Promise<void> => {
        if (plain.length === 0) return
        const ran = await backend.run(plain, control)
        for (const [index, work] of plain.entries()) {
          outcomes.set(work, ran[index] ?? lost)
          control.waits?.(work.legId)
        }
      }
      const rest = batch.filter(needsMore)
      const ranRest = rest.map(async work => {
        outcomes.set(work, await runRecipe(work, control, backend, dependencies))
        // What has ended waits for the rest of its batch.
        control.waits?.(work.legId)
      })
      await Promise.all([ranPlain(), ...ranRest])
      return batch.map(work => outcomes.get(work) ?? lost)
    },
  }
}

const lost: Outcome = { kind: 'failed', reason: 'bug', message: 'the model gave no outcome', usage: {} }

function needsMore(work: Work): boolean {
  const { recipe, options } = work
  const { samples = 1, verifier, answerPattern } = recipe
  return isReadFirst(work) || samples > 1 || (verifier ?? answerPattern ?? options.responseFormat) !== undefined
}

/** Media that others read first are words for the rest of the recipe. */
async function runRecipe(
  given: Work,
  control: RunControl,
  backend: Backend,
  dependencies: VerifyDependencies,
): Promise<Outcome> {
  if (!isReadFirst(given)) return runOnWords(given, control, backend, dependencies)
  const reading = await readFirst(given, control, dependencies.askModel)
  if (reading.kind === 'failed') return reading.why
  const { work, costNanoUsd, signals } = reading.read
  const outcome = await runOnWords(work, control, backend, dependencies)
  if (outcome.kind === 'failed') return { ...outcome, othersNanoUsd: costNanoUsd }
  const { result } = outcome
  const othersNanoUsd = addNanoUsd(result.othersNanoUsd ?? 0, costNanoUsd)
  return { ...outcome, result: { ...result, othersNanoUsd, signals: { ...result.signals, ...signals } } }
}

async function runOnWords(
  given: Work,
  control: RunControl,
  backend: Backend,
  dependencies: VerifyDependencies,
): Promise<Outcome> {
  // What may be repaired cannot be shown before.
  const work = repairs(given) ? { ...given, streaming: false } : given
  const outcomes = await runSamples(work, control, backend)
  const done = outcomes.filter(outcome => outcome.kind === 'done')
  const usage = addUsage(outcomes.map(outcome => (outcome.kind === 'done' ? outcome.result.usage : outcome.usage)))
  const failed = outcomes.find(outcome => outcome.kind === 'failed')
  if (done.length === 0 || control.cancelled(work.legId)) {
    return failed === undefined ? { ...cancelledOutcome, usage } : { ...failed, usage }
  }
  const results = done.map(({ result }) => result)
  const asked = outcomes.length
  const answered = await withAnswers(results, work, control, dependencies)
  const verifyOne = (result: LegResult): Promise<LegResult> => verify(result, work, control, dependencies)
  if (asked > 1 && work.recipe.verifier?.kind === 'tests') {
    return { kind: 'done', result: { ...(await chooseByTests(answered, asked, work.recipe, verifyOne)), usage } }
  }
  const verified = await verifyOne({ ...choose(answered, asked, work.recipe), usage })
  const shaped = await checkShape(verified, work, control, dependencies.sandboxes)
  return { kind: 'done', result: await repair(shaped, work, control, { backend, ...dependencies }) }
}

/**
 * Programs hardly ever agree word for word: of several the one that passes most is taken, and the share that passes
 * all is the agreement.
 */
async function chooseByTests(
  answered: readonly Answered[],
  asked: number,
  recipe: Recipe,
  verifyOne: (result: LegResult) => Promise<LegResult>,
): Promise<LegResult> {
  const one = (result: Answered): LegResult => choose([result], 1, { ...recipe, samples: 1 })
  const tested = await Promise.all(answered.map(result => verifyOne(one(result))))
  const best = tested.toSorted((a, b) => scoreOf(b) - scoreOf(a) || b.rawConfidence - a.rawConfidence)[0]
  if (best === undefined) throw new Error('no sample is there to choose from')
  const agreement = tested.filter(result => result.signals['verified'] === 1).length / asked
  return { ...best, signals: { ...best.signals, samples: asked, agreement } }
}

function scoreOf({ signals }: LegResult): number {
  return signals['verifier_score'] ?? 0
}

const cancelledOutcome = { kind: 'failed', reason: 'cancelled', message: 'it was cancelled' } as const

/** All at once where the backend only waits; one by one where it computes. */
async function runSamples(work: Work, control: RunControl, backend: Backend): Promise<readonly Outcome[]> {
  const { samples = 1 } = work.recipe
  const works = Array.from({ length: samples }, (_, index) => sampleOf(work, index, samples))
  const runOne = async (one: Work): Promise<Outcome> => (await backend.run([one], control))[0] ?? lost
  if (backend.concurrent === true) return Promise.all(works.map(runOne))
  const outcomes: Outcome[] = []
  for (const one of works) {
    if (control.cancelled(work.legId)) break
    outcomes.push(await runOne(one))
  }
  return outcomes
}

/** Only a text that will be the answer as it is can be shown as it comes. */
function sampleOf(work: Work, index: number, samples: number): Work {
  const { recipe } = work
  const streaming = work.streaming && samples === 1 && recipe.answerPattern === undefined
  if (samples === 1) return { ...work, streaming }
  const temperature = recipe.temperature ?? samplingTemperature
  const seed = recipe.seed === undefined ? {} : { seed: recipe.seed + index }
  return { ...work, streaming, recipe: { ...recipe, temperature, ...seed } }
}

/** A result, and what of its text is the answer: nothing where its pattern finds none, or not in time. */
interface Answered {
  readonly result: LegResult
  readonly answer: string | undefined
}

function withAnswers(
  results: readonly LegResult[],
  work: Work,
  control: RunControl,
  { sandboxes }: VerifyDependencies,
): Promise<readonly Answered[]> {
  const { answerPattern: pattern } = work.recipe
  const answerOf = async ({ output }: LegResult): Promise<string | undefined> => {
    if (output.kind !== 'text' || pattern === undefined) return output.kind === 'text' ? output.text : undefined
    try {
      return (await check({ kind: 'extract', pattern, text: output.text }, work, control, sandboxes)).extracted
    } catch {
      // The lookup failed, which counts as a miss.
      return undefined
    }
  }
  return Promise.all(results.map(async result => ({ result, answer: await answerOf(result) })))
}

/**
 * The surest of the samples that most agree with; what agrees raises trust, and with several samples the
 * confidence.
 */
function choose(answered: readonly Answered[], asked: number, { samples = 1, answerPattern }: Recipe): LegResult {
  const answers = answered.map(({ answer }) => answer)
  const missing = Array.from({ length: asked - answered.length }, () => undefined)
  const { winners, ratio } = agreeOn([...answers, ...missing])
  const places = winners.length === 0 ? answered.map((_, place) => place) : winners
  const place = places.reduce((best, one) => (confidenceAt(answered, one) > confidenceAt(answered, best) ? one : best))
  const chosen = answered[place]
  if (chosen === undefined) throw new Error('the sample that was chosen is not there')
  const { result, answer } = chosen
  return {
    ...result,
    output: answer === undefined || result.output.kind !== 'text' ? result.output : { ...result.output, text: answer },
    rawConfidence: samples > 1 ? ratio : result.rawConfidence * (answer === undefined ? unfound : 1),
    signals: {
      ...result.signals,
      ...(samples > 1 ? { samples: asked, agreement: ratio } : {}),
      ...(answerPattern === undefined ? {} : { answer_found: Number(answer !== undefined) }),
    },
  }
}

/** A chain of thought that came to no answer is hardly one. */
const unfound = 0.1

function confidenceAt(answered: readonly Answered[], place: number): number {
  return answered[place]?.result.rawConfidence ?? 0
}
