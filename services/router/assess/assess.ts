import { performance } from 'node:perf_hooks'
import type { Estimate, PartDescription } from '../../shared/policy/policy.ts'
import type { LadderBook } from '../ladder-book.ts'
import type { Admitted, Assessed, CheckedPart } from '../states.ts'

/** What assessing needs. */
export interface AssessDependencies {
  readonly ladders: LadderBook
  readonly describe: (part: CheckedPart) => Promise<PartDescription>
}

/** Finds the ladder and estimates how hard the input is for each of its rungs. @throws GatewayError NoModel when no ladder takes it */
export type Assess = (admitted: Admitted) => Promise<Assessed>

/** Time for looking into the media: a PNG of the most megapixels that are taken decodes in less on an idle core. */
const describeMs = 1000

/** Makes the stage. A description or estimate that fails is no reason to fail the request: the policy's default stands in, and says so. */
export function createAssess({ ladders, describe }: AssessDependencies): Assess {
  return async admitted => {
    const startedAt = performance.now()
    const { task, constraints } = admitted.request
    const guided = ladders.find({
      task,
      modalities: admitted.modalities,
      ...(constraints.model === undefined ? {} : { pinnedModel: constraints.model }),
    })
    const estimate = await estimateOf(admitted, guided.policy, describe)
    return { ...admitted, guided, estimate, assessMs: performance.now() - startedAt }
  }
}

async function estimateOf(
  { parts }: Admitted,
  policy: Assessed['guided']['policy'],
  describe: AssessDependencies['describe'],
): Promise<Estimate> {
  if (policy === undefined) return unknown('no-estimator')
  try {
    const described = await within(Promise.all(parts.map(describe)), describeMs)
    return described === undefined ? unknown('timeout') : await policy.estimate(described)
  } catch {
    // Counted by its name; the content that caused it may not be told.
    return unknown('error')
  }
}

/** Waits for work at most so long; `undefined` when it took longer. */
async function within<Result>(work: Promise<Result>, ms: number): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeBox = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([work, timeBox])
  } finally {
    clearTimeout(timer)
  }
}

/** Even odds, and nothing claimed. */
function unknown(fallback: NonNullable<Estimate['fallback']>): Estimate {
  return { difficulty: 0.5, models: {}, features: {}, fallback }
}
