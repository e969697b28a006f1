import type { Answer, RungReport } from '#services/contract/answer'
import type { Grounding } from '#services/contract/retrieval/evidence'
import type { NanoUsd } from '#services/contract/money'
import type { Usage } from '#services/contract/price'

/** What the gateway adds to an answer in another's wire: how it came about and what it cost. */
export interface SluiceReport {
  readonly request_id: string
  readonly model: string
  readonly tier: string
  readonly confidence: number
  readonly cost_usd: number
  readonly cost_nano_usd: NanoUsd
  readonly latency_ms: number
  readonly degraded: string | null
  readonly out_of_domain: boolean
  /** What guardrails found and let pass. */
  readonly flags: readonly string[]
  readonly policy_version: string
  /** Of answers from an index. */
  readonly grounding?: object
  readonly rungs: readonly object[]
  /** Of every leg together; the wire's own usage is that of the model which answered. */
  readonly usage: object
}

/** The `sluice` object of an answer. */
export function reportOf(requestId: string, answer: Answer): SluiceReport {
  return {
    request_id: requestId,
    model: answer.model,
    tier: answer.tier,
    confidence: answer.confidence,
    cost_usd: answer.costNanoUsd / 1e9,
    cost_nano_usd: answer.costNanoUsd,
    latency_ms: answer.latencyMs,
    degraded: answer.degraded ?? null,
    out_of_domain: answer.outOfDomain === true,
    flags: answer.flags ?? [],
    policy_version: answer.policyVersion,
    ...(answer.grounding === undefined ? {} : { grounding: groundingToWire(answer.grounding) }),
    rungs: answer.rungs.map(rungToWire),
    usage: usageToWire(answer.usage),
  }
}

/** The same as headers, for clients that read no fields but their wire's. */
export function answerHeaders(requestId: string, answer: Answer): Record<string, string> {
  return {
    'x-sluice-request-id': requestId,
    'x-sluice-model': answer.model,
    'x-sluice-tier': answer.tier,
    'x-sluice-confidence': String(answer.confidence),
    'x-sluice-cost-usd': usdText(answer.costNanoUsd),
    'x-sluice-degraded': answer.degraded ?? 'none',
  }
}

/** A number of dollars without an exponent, which `String` writes for small ones. */
function usdText(amount: NanoUsd): string {
  return (amount / 1e9).toFixed(9)
}

function groundingToWire({ support, isUngrounded, citations }: Grounding): object {
  return {
    support,
    ungrounded: isUngrounded,
    citations: citations.map(({ documentId, ...rest }) => ({ ...rest, document_id: documentId })),
  }
}

function rungToWire(report: RungReport): object {
  return {
    model: report.model,
    tier: report.tier,
    verdict: report.verdict,
    reason: report.reason,
    confidence: report.confidence ?? null,
    cost_usd: report.costNanoUsd / 1e9,
    latency_ms: report.latencyMs,
    usage: usageToWire(report.usage),
  }
}

function usageToWire(usage: Usage): object {
  const wire: Record<string, number | boolean> = {}
  for (const [name, value] of Object.entries(usage)) wire[wireName(name)] = value
  return wire
}

/** Kinds of usage are few, and their names are asked for with every answer. */
const wireNames = new Map<string, string>()

function wireName(name: string): string {
  const known = wireNames.get(name) ?? name.replaceAll(/[A-Z]/gu, letter => `_${letter.toLowerCase()}`)
  wireNames.set(name, known)
  return known
}

/** Tokens of the model that answered, the way both wires count: cached tokens are part of the input. */
export interface AnswerTokens {
  readonly input: number
  readonly cached: number
  readonly cacheWritten: number
  readonly output: number
  readonly reasoning: number
}

/** Counts the tokens of the rung that gave the answer. */
export function tokensOfAnswer({ rungs, model, usage }: Answer): AnswerTokens {
  const spoke = rungs.findLast(rung => rung.model === model && rung.verdict !== 'skipped')
  const {
    inputTokens = 0,
    cachedTokens = 0,
    cacheWriteTokens = 0,
    outputTokens = 0,
    reasoningTokens = 0,
  } = spoke?.usage ?? usage
  return {
    input: inputTokens + cachedTokens + cacheWriteTokens,
    cached: cachedTokens,
    cacheWritten: cacheWriteTokens,
    output: outputTokens + reasoningTokens,
    reasoning: reasoningTokens,
  }
}
