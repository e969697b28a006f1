import { bestOf, show } from './decide-step.ts'
import type { Called, Candidate, Step } from '#services/decision/policy/policy'
import type { RiskPoint } from '#services/decision/policy/policy-schema'

/** Inputs of a decision under a risk limit. */
export interface RiskView {
  readonly called: readonly Called[]
  readonly candidates: readonly Candidate[]
  /** The model against whose answers a loss is counted. */
  readonly mostExpensive: string
  /** P(loss) when the last answer is accepted. */
  readonly predictedLoss: number
  /**
   * The limit that the caller has set, and the lowest bound that any cheaper plan is certified for; absent where
   * there is no plan.
   */
  readonly maxRisk: number
  readonly leastBound?: number
  /** The request is unlike those that limits were certified on. */
  readonly outOfDomain?: boolean
  /** A least P(correct), asked for beside the limit. */
  readonly minQuality?: number
}

/**
 * The furthest point whose bound, and that of every point before it, holds the limit: fixed-sequence testing, so
 * the bounds need no correction for multiple tests. `undefined` when none does.
 *
 * Sketch of the proof. The points and their order were made from rows that do not certify, so for the certifying
 * rows they are fixed. Call a point bad when its risk is over the limit. A bad point is certified only if the first
 * bad point of the sequence is, since testing stops at the first that fails; and that one point passes with a
 * chance of at most δ, because its losses among n independent rows are binomial and the bound is exact. With two
 * rungs the losses only grow along the path, and the same follows from the bound being monotone in them.
 * @source Angelopoulos, Bates, Candès, Jordan, Lei, Learn then Test (2021), proposition 1 and fixed-sequence testing
 */
export function certifiedPoint(path: readonly RiskPoint[], maxRisk: number): RiskPoint | undefined {
  let certified: RiskPoint | undefined
  for (const point of path) {
    if (point.riskBound > maxRisk) break
    certified = point
  }
  return certified
}

/**
 * The next step under a certified point. Pure. The most expensive model's answer is delivered where none before it is
 * accepted: the best of all answers may score higher, but could be lost against the most expensive.
 */
export function decideByRisk(point: RiskPoint | undefined, view: RiskView): Step {
  const { called, candidates, mostExpensive } = view
  if (called.at(-1)?.model === mostExpensive) {
    return {
      kind: 'stop',
      model: mostExpensive,
      reason: `${mostExpensive} is the most expensive model: no answer is lost against it`,
    }
  }
  const reachable = new Set([...called, ...candidates].map(one => one.model))
  if (!reachable.has(mostExpensive)) return withoutMostExpensive(view)
  const call = (reason: string): Step => ({ kind: 'call', model: mostExpensive, reason })
  if (point === undefined) return call(nothingCertified(view))
  if (view.outOfDomain === true) {
    return call(`${limitText(view)} is certified for requests like the calibration rows: only ${mostExpensive} is safe`)
  }
  // A rung that failed or was filtered out makes this another policy than the one that was certified: only the
  // most expensive is safe then.
  const missing = point.models.find(model => !reachable.has(model))
  if (missing !== undefined) {
    return call(
      `${limitText(view)} is certified for ${point.models.join(' → ')}, and ${missing} cannot be called: only ${mostExpensive} is safe`,
    )
  }
  return alongChain(point, view)
}

function alongChain(point: RiskPoint, view: RiskView): Step {
  const { called, predictedLoss, mostExpensive } = view
  const last = called.at(-1)
  if (last === undefined) {
    const first = point.models[0] ?? mostExpensive
    const reason = `${limitText(view)}: ${first} first; an answer is accepted while its chance of losing against ${mostExpensive} is at most ${percent(point.predictedLoss)} (then at most ${percent(point.riskBound)} of all requests lose, certified)`
    return { kind: 'call', model: first, reason }
  }
  const [above, allowed] = percents(predictedLoss, point.predictedLoss)
  if (accepts(point, view, last)) {
    return {
      kind: 'stop',
      model: last.model,
      reason: `chance of losing against ${mostExpensive} ${above}, at most ${allowed} allowed by ${limitText(view)}`,
    }
  }
  const next = point.models[point.models.indexOf(last.model) + 1] ?? mostExpensive
  const over = `chance of losing against ${mostExpensive} ${above}, more than the ${allowed} allowed by ${limitText(view)}`
  return {
    kind: 'call',
    model: next,
    reason: predictedLoss > point.predictedLoss ? over : 'below the requested minimum quality',
  }
}

function nothingCertified(view: RiskView): string {
  const { mostExpensive, leastBound } = view
  const why =
    leastBound === undefined
      ? 'the policy has no cheaper plan'
      : `the calibration rows certify no cheaper plan below ${percent(leastBound)}`
  return `${limitText(view)} cannot be promised, since ${why}: ${mostExpensive} answers everything`
}

function limitText({ maxRisk }: RiskView): string {
  return `max risk ${percent(maxRisk)}`
}

/** Two digits that count, since limits may be small. */
function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(2))} %`
}

/** Two of them, with enough digits to show the difference. */
function percents(one: number, other: number): readonly [string, string] {
  for (let digits = 2; ; digits += 1) {
    const shown = [one, other].map(ratio => `${Number((ratio * 100).toPrecision(digits))} %`)
    const [left = '', right = ''] = shown
    if (left !== right || one === other || digits >= 15) return [left, right]
  }
}

/**
 * Asking for quality beside a limit only makes fewer answers accepted: whatever is not goes to the most expensive, so
 * the limit still holds.
 */
function accepts(point: RiskPoint, { predictedLoss, minQuality }: RiskView, last: Called): boolean {
  if (!point.models.includes(last.model)) return false
  return predictedLoss <= point.predictedLoss && last.confidence >= (minQuality ?? 0)
}

/** The reference model cannot be called: nothing is certified, and the answer says so. */
function withoutMostExpensive({ called, candidates, mostExpensive }: RiskView): Step {
  const uncertified = `no risk limit can be certified: ${mostExpensive} cannot be called`
  const next = candidates.at(-1)
  if (next !== undefined)
    return {
      kind: 'call',
      model: next.model,
      reason: `${uncertified}; this is the most expensive model that can be called`,
    }
  const best = bestOf(called)
  return { kind: 'stop', model: best?.model ?? '', reason: `${uncertified}; P(correct) ${show(best?.confidence ?? 0)}` }
}
