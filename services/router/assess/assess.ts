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
    return await policy.estimate(await Promise.all(parts.map(describe)))
  } catch {
    return unknown('error')
  }
}

/** Even odds, and nothing claimed. */
function unknown(fallback: NonNullable<Estimate['fallback']>): Estimate {
  return { difficulty: 0.5, models: {}, features: {}, fallback }
}
