import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import type { CascadeLog, CascadeState } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { GatewayError, invalidField } from '#services/contract/errors'
import { parseRequestId, type RequestId } from '#services/contract/ids'
import type { WorkerRegistry } from '#services/state/registry/worker-registry'
import { deadLetterToWire, jobToWire } from './convert/convert-job.ts'
import type { DrainRequest__Output } from '#services/wire/generated/sluice/v1/DrainRequest'
import type { ListDeadLettersRequest__Output } from '#services/wire/generated/sluice/v1/ListDeadLettersRequest'
import type { Generation } from '#services/state/ledger/generation'
import type { CallContext } from '../call/call-context.ts'
import type { KeyRpcs } from './keys-service.ts'
import type { PolicyRpcs } from './policies-service.ts'
import { serveUnary, type ServeDependencies } from './serve-call.ts'

/** What operators may do. */
export interface AdminDependencies extends ServeDependencies {
  readonly cascadeLog: CascadeLog
  readonly registry: WorkerRegistry
  readonly restoreLedger: Generation['restore']
  /** Reads workers and queues now, and returns legs that no worker can run. */
  readonly readFleet: () => Promise<unknown>
  readonly clock: Clock
  /** Admits a dead letter's request again; gives the new job. */
  readonly replay: (dead: CascadeState, context: CallContext) => Promise<RequestId>
  readonly keys: KeyRpcs
  readonly policies: PolicyRpcs
}

const defaultLimit = 50
const mostLetters = 500

/** Builds every rpc of `sluice.v1.Admin`. */
export function createAdminService(dependencies: AdminDependencies): UntypedServiceImplementation {
  const { cascadeLog, registry } = dependencies
  const unary = <Request, Response>(
    rpc: string,
    answer: (request: Request, context: CallContext) => Promise<Response>,
  ) => serveUnary(rpc, 'admin', answer, dependencies)

  const deadOf = async (jobId: string): Promise<CascadeState> => {
    const requestId = parseRequestId(jobId)
    const state = requestId === undefined ? undefined : await cascadeLog.read(requestId)
    if (state?.end?.kind === 'failed' && state.end.dead) return state
    throw new GatewayError('NotFound', 'there is no such dead letter')
  }

  return {
    listDeadLetters: unary('ListDeadLetters', (request: ListDeadLettersRequest__Output) => list(request, cascadeLog)),
    getDeadLetter: unary('GetDeadLetter', async ({ jobId }: { jobId: string }) =>
      deadLetterToWire(await deadOf(jobId)),
    ),
    replayDeadLetter: unary('ReplayDeadLetter', async ({ jobId }: { jobId: string }, context) => {
      const dead = await deadOf(jobId)
      const replayed = await cascadeLog.read(await dependencies.replay(dead, context))
      await cascadeLog.discardDead(dead.request.requestId)
      if (replayed === undefined) throw new GatewayError('NotFound', 'the replayed job is gone already')
      return jobToWire(replayed)
    }),
    discardDeadLetter: unary('DiscardDeadLetter', async ({ jobId }: { jobId: string }) => {
      const dead = await deadOf(jobId)
      await cascadeLog.discardDead(dead.request.requestId)
      return {}
    }),
    drain: unary('Drain', async (request: DrainRequest__Output) => {
      const beating = await registry.list()
      // Routers send heartbeats without a pool: these carry service times.
      const router = beating.find(({ pool, workerId }) => pool === '' && workerId === request.workerId)
      if (request.target === 'workerId' && router !== undefined)
        throw invalidField('worker_id', `${router.workerId} is a router: end its process with SIGTERM, which drains it`)
      const meant = beating
        .filter(({ pool }) => pool !== '')
        .filter(worker =>
          request.target === 'pool' ? worker.pool === request.pool : worker.workerId === request.workerId,
        )
      if (request.target === undefined) throw invalidField('target', 'expected worker_id or pool')
      if (meant.length === 0) throw new GatewayError('NotFound', 'there is no such worker or pool')
      const workerIds = meant.map(worker => worker.workerId)
      await registry.setDraining(workerIds, request.draining)
      // Legs in that queue need not wait for the next poll.
      await dependencies.readFleet()
      return { workerIds }
    }),
    createKey: unary('CreateKey', dependencies.keys.createKey),
    listKeys: unary('ListKeys', dependencies.keys.listKeys),
    rotateKey: unary('RotateKey', dependencies.keys.rotateKey),
    revokeKey: unary('RevokeKey', dependencies.keys.revokeKey),
    restoreLedger: unary('RestoreLedger', async ({ fromNothing }: { fromNothing: boolean }) => {
      const { counters } = await dependencies.restoreLedger(
        fromNothing ? 'nothing' : 'memory',
        dependencies.clock.now(),
      )
      return { counters: counters.map(({ counter, spentNanoUsd }) => ({ counter, spentNanoUsd })) }
    }),
    listPolicies: unary('ListPolicies', dependencies.policies.listPolicies),
    loadPolicy: unary('LoadPolicy', dependencies.policies.loadPolicy),
    comparePolicies: unary('ComparePolicies', dependencies.policies.comparePolicies),
    activatePolicy: unary('ActivatePolicy', dependencies.policies.activatePolicy),
  }
}

async function list(
  { pool, limit, pageToken }: ListDeadLettersRequest__Output,
  cascadeLog: CascadeLog,
): Promise<object> {
  const most = Math.min(limit === 0 ? defaultLimit : limit, mostLetters)
  const page = await cascadeLog.listDead({ limit: most, ...(pageToken === '' ? {} : { before: pageToken }) })
  const letters = page.filter(state => pool === '' || state.legs.some(leg => leg.pool === pool))
  const last = page.at(-1)
  const nextPageToken = page.length === most && last?.endedAt !== undefined ? String(last.endedAt) : ''
  return { deadLetters: letters.map(deadLetterToWire), nextPageToken }
}
