import { isWords, type Part } from '#services/contract/content'
import type { Rung } from '#services/contract/model'
import type { InferenceRequest } from '#services/contract/request'
import type { Caller, CheckedPart, Reserved } from '#services/router/request/states'

/** Who calls behind a caller's back. No tenant of a configuration can have this name. */
export const shadowCaller: Caller = { tenant: '_shadow', credentialId: 'shadow', scopes: ['infer'] }

/** The same request to one rung, after everybody else's. */
export function shadowRequestOf({ request, parts }: Reserved, rung: Rung, deadlineMs?: number): InferenceRequest {
  const { task, options, messages } = request
  const constraints = {
    priority: 'sheddable',
    model: rung.name,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  } as const
  const conversation = messages === undefined ? {} : { messages }
  return { task, options, parts: parts.map(partOf), ...conversation, labels: {}, constraints }
}

function partOf(part: CheckedPart): Part {
  if (isWords(part)) return part
  const { kind, bytes, mediaType, cachePoint } = part
  return { kind, source: { kind: 'bytes', bytes }, mediaType, ...(cachePoint === undefined ? {} : { cachePoint }) }
}
