import { costOf, type Price } from '#services/contract/price'
import type { NanoUsd } from '#services/contract/money'
import type { SessionChoice } from '#services/state/sessions/session-store'
import type { Step } from '#services/decision/policy/policy'
import type { CandidateRung } from '#services/router/request/states'

/**
 * How long servers keep the prefix of a conversation at least.
 * @source Anthropic, "Prompt caching": five minutes; OpenAI, "Prompt caching": five to ten
 */
const warmForMs = 300_000
/** Tokens of an answer of which nothing is known. */
const usualOutputTokens = 256

/** A first step, and whether it is one that the rung of the turn before was kept for. */
export type StableStep = Step & { readonly isKept?: true }

/** A turn of a conversation that a rung answered before. */
export interface NextTurn {
  readonly session: SessionChoice
  /** Tokens of the whole prompt, estimated. */
  readonly inputTokens: number
  readonly nowMs: number
  /** Quality that the policy wants for one USD; absent where it weighs no money. */
  readonly costWeight?: number
  /** The caller's own limit on risk or quality decides, whatever it costs. */
  readonly isLimited?: boolean
}

/**
 * Keeps the rung of the turn before, unless a switch pays for the prefix cache that it gives up: what this turn gains
 * has to be at least what reading the prefix again would cost when the conversation comes back. A cheaper rung gains
 * money. One that costs more gains predicted quality, at the policy's own price of quality. A rung whose pool is
 * shorter than the next one's is not kept: its queue is no place to read a cache in. The reason of the step says which
 * it was. Pure.
 */
export function stableStep(step: Step, open: readonly CandidateRung[], turn: NextTurn): StableStep {
  const next = open.find(({ rung }) => rung.name === step.model)
  if (step.kind !== 'call' || next === undefined || turn.session.rung === step.model) return step
  const kept = open.find(({ rung }) => rung.name === turn.session.rung)
  if (kept === undefined || kept.removedBy !== undefined) return left(step, `${turn.session.rung} cannot be called now`)
  if ((kept.overloadPrice ?? 0) > (next.overloadPrice ?? 0)) {
    return left(step, `pool ${kept.rung.model.pool} is overloaded, so ${kept.rung.name} is not kept`)
  }
  return switchOrStay(step, { kept, next }, turn)
}

/** The policy's step in a conversation that another rung answered before, and why that one is left. */
function left(step: Step, why: string): Step {
  return { ...step, reason: `${step.reason}; session: ${why}` }
}

interface Switch {
  readonly kept: CandidateRung
  readonly next: CandidateRung
}

function switchOrStay(step: Step, { kept, next }: Switch, turn: NextTurn): StableStep {
  const warm = warmTokens(turn)
  const lost = cacheSaving(kept.price ?? {}, warm)
  const { name } = kept.rung
  if (lost === 0) return left(step, `${name} has no cached prefix to lose`)
  const saved = turnCost(kept, turn.inputTokens, warm) - turnCost(next, turn.inputTokens, 0)
  if (saved < 0 && turn.isLimited === true) return left(step, `the caller's limit decides, not the cache of ${name}`)
  const gain = saved < 0 ? saved + qualityWorth(kept, next, turn) : saved
  const worth = gain === Infinity ? 'predicted quality, which the policy weighs alone,' : `${Math.round(gain)}`
  const weighed = `leaving gains ${worth} and loses ${lost} nano-USD`
  if (gain >= lost) return left(step, `${warm} tokens of the prefix are cached at ${name}; ${weighed}`)
  const reason = `session: ${warm} tokens of its prefix are cached; ${weighed}`
  return { kind: 'call', model: kept.rung.name, reason, isKept: true }
}

const nanoUsdPerUsd = 1e9

/** What the quality that a switch is predicted to gain is worth, in nano-USD; nothing where nothing is predicted. */
function qualityWorth(kept: CandidateRung, next: CandidateRung, { costWeight }: NextTurn): number {
  const gain = (next.predictedQuality ?? 0) - (kept.predictedQuality ?? next.predictedQuality ?? 0)
  if (gain <= 0) return 0
  return costWeight === undefined ? Infinity : (gain / costWeight) * nanoUsdPerUsd
}

/** What may be in the cache of the server that answered last. */
function warmTokens({ session, inputTokens, nowMs }: NextTurn): number {
  return nowMs - session.answeredAt > warmForMs ? 0 : Math.min(session.tokens, inputTokens)
}

/** What reading a prefix from the cache saves. */
function cacheSaving(price: Price, tokens: number): NanoUsd {
  return Math.max(0, costOf({ inputTokens: tokens }, price) - costOf({ cachedTokens: tokens }, price))
}

function turnCost({ price = {}, predictedMeanMs = 0 }: CandidateRung, inputTokens: number, warm: number): NanoUsd {
  return costOf(
    {
      inputTokens: inputTokens - warm,
      cachedTokens: warm,
      outputTokens: usualOutputTokens,
      computeMs: Math.ceil(predictedMeanMs),
    },
    price,
  )
}
