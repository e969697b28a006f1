import { createHash } from 'node:crypto'
import { GatewayError } from '../../shared/contract/errors.ts'
import type { ClimbLog } from '../../shared/climb/climb-log.ts'
import type { RequestId } from '../../shared/contract/ids.ts'
import type { Admitted } from '../states.ts'

/** Binds idempotency keys to requests. */
export interface Recall {
  /** The request that the caller's key is bound to already; `undefined` when this one is the first, or has no key. @throws GatewayError AlreadyExists when the key came with other content */
  find(admitted: Admitted): Promise<RequestId | undefined>
  /** Frees the key of a request that came to nothing before it was opened. */
  forget(admitted: Admitted): Promise<void>
}

/** Makes the binding over the climb log. */
export function createRecall(climbLog: ClimbLog): Recall {
  return {
    async find(admitted) {
      const key = keyOf(admitted)
      if (key === undefined) return undefined
      const fingerprint = fingerprintOf(admitted)
      const bound = await climbLog.bindKey(admitted.caller.tenant, key, admitted.requestId, fingerprint)
      if (bound.fingerprint !== fingerprint) {
        throw new GatewayError('AlreadyExists', 'idempotency_key: it was used with other content', {
          violations: [{ field: 'idempotency_key', description: 'it was used with other content' }],
        })
      }
      return bound.requestId === admitted.requestId ? undefined : bound.requestId
    },
    async forget(admitted) {
      const key = keyOf(admitted)
      if (key !== undefined) await climbLog.releaseKey(admitted.caller.tenant, key, admitted.requestId)
    },
  }
}

/** `Infer` and `Submit` have keys of their own, since they answer differently. */
function keyOf({ request, mode }: Admitted): string | undefined {
  return request.idempotencyKey === undefined ? undefined : `${mode}:${request.idempotencyKey}`
}

/** SHA-256 over all that decides the answer: task, options, constraints but for the time, and content. */
function fingerprintOf({ request, parts }: Admitted): string {
  const { deadlineMs: _time, ...constraints } = request.constraints
  const hash = createHash('sha256')
  hash.update(JSON.stringify([request.task, request.options, constraints]))
  for (const part of parts) {
    hash.update(`\0${part.kind}\0`)
    hash.update(part.kind === 'text' ? part.text : part.bytes)
  }
  return hash.digest('hex')
}
