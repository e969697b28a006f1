import type { Answer } from '#services/contract/answer'
import { GatewayError } from '#services/contract/errors'
import type { Finished } from '#services/router/request/states'

/** Gives the answer of a cascade, or throws why there is none. @throws GatewayError of the cascade's end */
export function deliver({ end }: Finished): Answer {
  if (end.kind === 'answered') return end.answer
  if (end.kind === 'cancelled') throw new GatewayError('Cancelled', 'the request was cancelled', { stage: 'cascade' })
  const metadata = Object.fromEntries(end.rungs.map(rung => [rung.model, `${rung.verdict}: ${rung.reason}`]))
  const reason = end.reason === undefined ? {} : { reason: end.reason }
  throw new GatewayError(end.code, end.message, {
    stage: 'cascade',
    metadata,
    ...reason,
    ...faultOf(end.code, end.message),
  })
}

/** What a worker found wrong with the content names the content. */
function faultOf(code: string, description: string): { violations?: { field: string; description: string }[] } {
  return code === 'InvalidRequest' ? { violations: [{ field: 'content', description }] } : {}
}
