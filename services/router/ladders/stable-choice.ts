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
}

/**
 * Keeps the rung of the turn before, unless a switch pays for the prefix cache that it gives up: to a cheaper rung
 * only where this turn gets cheaper by more than reading the prefix again would cost when the conversation comes
 * back. A switch to a rung that costs more is one for quality, and is the policy's to make. Pure.
 */
export function stableStep(step: Step, open: readonly CandidateRung[], turn: NextTurn): StableStep {
  const { session } = turn
  const kept = open.find(({ rung }) => rung.name === session.rung)
  const next = open.find(({ rung }) => rung.name === step.model)
  if (step.kind !== 'call' || kept === undefined || next === undefined || kept === next) return step
  const warm = warmTokens(turn)
  const staying = turnCost(kept, turn.inputTokens, warm)
  const leaving = turnCost(next, turn.inputTokens, 0)
  if (leaving > staying) return step
  const lost = cacheSaving(kept.price ?? {}, warm)
  const gain = staying - leaving
  if (gain >= lost) return step
  const reason = `session: ${warm} tokens of its prefix are cached; leaving gains ${gain} and loses ${lost} nano-USD`
  return { kind: 'call', model: kept.rung.name, reason, isKept: true }
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
