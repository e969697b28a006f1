import { createHash } from 'node:crypto'
import type { Clock } from '#services/contract/clock'
import { isWords } from '#services/contract/content'
import { GatewayError } from '#services/contract/errors'
import type { CascadeLog, CascadeState } from '#services/state/cascade-log/cascade-log'
import { keepsKey } from '#services/state/cascade-log/idempotency'
import { createRequestId, type RequestId } from '#services/contract/ids'
import { withoutEvidence, type Admitted } from '#services/router/request/states'
import { bindingLookEveryMs, openWithinMs } from '#services/router/lifecycle/timings'

/** Binds idempotency keys to requests. */
export interface Originals {
  /**
   * The request that the caller's key is bound to already; `undefined` when it is bound to this one now, or there is
   * no key.
   * @throws GatewayError AlreadyExists when the key came with other content, Cancelled when the caller leaves
   */
  find(admitted: Admitted, signal: AbortSignal): Promise<RequestId | undefined>
  /**
   * Frees the key of a request that came to nothing before it was opened. One that is open after all keeps it: any
   * router goes on with that.
   */
  release(admitted: Admitted): Promise<void>
  /** The job that a key of a tenant is bound to, if there is one. */
  jobOf(tenant: string, key: string): Promise<RequestId | undefined>
}

/** What binding needs. */
export interface OriginalsDependencies {
  readonly cascadeLog: CascadeLog
  readonly clock: Clock
  readonly sleep: (ms: number) => Promise<void>
}

/**
 * Makes the binding over the cascade log. A call that finds the key taken waits until the first one's request is open.
 * It takes the key where the first one lets go of it, where the first one's end does not keep it, and where the first
 * one never opens: its opening is forbidden before, so that one key never pays for two runs at once.
 */
export function createOriginals({ cascadeLog, clock, sleep }: OriginalsDependencies): Originals {
  /** Whether a run is not there after its time to open, and cannot come any more. Asked again and again. */
  const createGiveUp = (): ((requestId: RequestId) => Promise<boolean>) => {
    const giveUpAt = new Map<RequestId, number>()
    return async requestId => {
      const untilAt = giveUpAt.get(requestId) ?? clock.now() + openWithinMs
      giveUpAt.set(requestId, untilAt)
      return clock.now() >= untilAt && cascadeLog.forbid(requestId)
    }
  }

  const find = async (admitted: Admitted, signal: AbortSignal): Promise<RequestId | undefined> => {
    const key = keyOf(admitted)
    if (key === undefined) return undefined
    const { tenant } = admitted.caller
    const fingerprint = fingerprintOf(admitted)
    const isGivenUp = createGiveUp()
    for (;;) {
      if (signal.aborted) throw new GatewayError('Cancelled', 'the caller went away')
      const bound = await cascadeLog.bindKey(tenant, key, admitted.requestId, fingerprint)
      const { requestId } = bound
      if (requestId === admitted.requestId) return undefined
      const standing = standingOf(await cascadeLog.read(requestId), admitted.mode)
      if (standing !== 'freed' && bound.fingerprint !== fingerprint) throw otherContent()
      if (standing === 'kept') return requestId
      if (standing === 'freed' || (await isGivenUp(requestId))) await cascadeLog.releaseKey(tenant, key, requestId)
      else await sleep(bindingLookEveryMs)
    }
  }

  return {
    find,
    async jobOf(tenant, key) {
      const bound = boundKey('async', key)
      const nobody = createRequestId(clock.now())
      const { requestId } = await cascadeLog.bindKey(tenant, bound, nobody, '')
      if (requestId !== nobody) return requestId
      await cascadeLog.releaseKey(tenant, bound, nobody)
      return undefined
    },
    async release(admitted) {
      const key = keyOf(admitted)
      if (key === undefined) return
      const state = await cascadeLog.read(admitted.requestId)
      if (state !== undefined && state.end === undefined) return
      await cascadeLog.releaseKey(admitted.caller.tenant, key, admitted.requestId)
    },
  }
}

/** Whether a run keeps its key. `Submit` gives its first job, however that ended. */
function standingOf(state: CascadeState | undefined, mode: Admitted['mode']): 'kept' | 'freed' | 'unopened' {
  if (state === undefined) return 'unopened'
  return state.end === undefined || mode === 'async' || keepsKey(state.end) ? 'kept' : 'freed'
}

function otherContent(): GatewayError {
  const description = 'it was used with other content'
  return new GatewayError('AlreadyExists', `idempotency_key: ${description}`, {
    violations: [{ field: 'idempotency_key', description }],
  })
}

/** `Infer` and `Submit` have keys of their own, since they answer differently. */
function keyOf({ request, mode }: Admitted): string | undefined {
  return request.idempotencyKey === undefined ? undefined : boundKey(mode, request.idempotencyKey)
}

function boundKey(mode: Admitted['mode'], key: string): string {
  return `${mode}:${key}`
}

/** SHA-256 over all that decides the answer: task, options, constraints but for the time, and content. */
function fingerprintOf(admitted: Admitted): string {
  const { request, parts } = withoutEvidence(admitted)
  const { deadlineMs: _time, ...constraints } = request.constraints
  const hash = createHash('sha256')
  hash.update(JSON.stringify([request.task, request.options, constraints, request.messages]))
  for (const part of parts) {
    hash.update(`\0${part.kind}\0`)
    if (part.kind === 'text') hash.update(part.text)
    else hash.update(isWords(part) ? JSON.stringify(part) : part.bytes)
  }
  return hash.digest('hex')
}
