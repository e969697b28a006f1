import { addUsage, type Answer } from '#services/contract/answer'
import { GatewayError, isGatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import type { Finished } from '#services/router/request/states'

/** Who refused: the model by itself, or a filter that stopped it. */
export type Refusal = 'model' | 'filter'

/** A cascade that ended in a refusal, as an answer without a word. */
export interface Refused {
  readonly refusal: Refusal
  readonly answer: Answer
  /** The same as over gRPC. */
  readonly error: GatewayError
}

/** What a model's refusal says; its own words are not kept. */
export const refusalText = 'The model refused to answer.'

const refusals: Readonly<Record<string, Refusal>> = { CONTENT_FILTER: 'filter', MODEL_REFUSED: 'model' }

/** A request that a guardrail refused before anything was asked, as an answer without a word. */
export function refusedBefore(thrown: unknown): (Refused & { readonly requestId: RequestId }) | undefined {
  if (!isGatewayError(thrown) || thrown.details.reason !== 'CONTENT_FILTER') return undefined
  const requestId = thrown.details.metadata?.['requestId']
  if (requestId === undefined) return undefined
  return {
    requestId: requestId as RequestId,
    refusal: 'filter',
    error: thrown,
    answer: {
      output: { kind: 'text', text: '' },
      model: '',
      tier: '',
      confidence: 0,
      rungs: [],
      costNanoUsd: 0,
      usage: {},
      latencyMs: 0,
      policyVersion: 'none',
    },
  }
}

/** Returns whether a cascade ended in a refusal. Its answer has the rungs and the cost, as any other has. */
export function refusedOf({ end, request, plan, endedAt }: Finished): Refused | undefined {
  const refusal = end.kind === 'failed' ? refusals[end.reason ?? ''] : undefined
  if (end.kind !== 'failed' || refusal === undefined) return undefined
  const spoke = end.rungs.findLast(rung => rung.verdict === 'failed')
  return {
    refusal,
    error: new GatewayError(end.code, end.message, end.reason === undefined ? {} : { reason: end.reason }),
    answer: {
      output: { kind: 'text', text: '' },
      model: spoke?.model ?? '',
      tier: spoke?.tier ?? '',
      confidence: 0,
      rungs: end.rungs,
      costNanoUsd: end.rungs.reduce((sum, rung) => sum + rung.costNanoUsd, 0),
      usage: addUsage(end.rungs.map(rung => rung.usage)),
      latencyMs: endedAt - request.submittedAt,
      policyVersion: plan.policyVersion,
    },
  }
}
