import type { CascadeLog, CascadePlan, CascadeRequest, Owner } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { isWords } from '#services/contract/content'
import type { Conversation } from '#services/contract/conversation'
import { GatewayError } from '#services/contract/errors'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import { historyBytes } from '#services/state/queue/payloads/history-payload'
import type { MediumReference, PartReference } from '#services/state/queue/job'
import { withoutAbsent } from '#services/contract/without-absent'
import { wordPayloadOf } from '#services/state/queue/payloads/word-payload'
import { areInline, isInline, runDeadlineOf, type CheckedPart, type Reserved } from '#services/router/request/states'
import { beginningOf } from '#services/router/sessions/conversation-keys'
import { canMove, type Cascade } from './cascade.ts'
import type { Leases } from './leases.ts'

/** What starting a cascade needs. */
export interface StartDependencies {
  readonly cascadeLog: CascadeLog
  readonly payloads: PayloadStore
  readonly clock: Clock
  readonly leases: Leases
  readonly owner: () => Owner
  /** Payloads outlive the deadline by this, for a redelivered leg. */
  readonly payloadGraceMs: number
}

/**
 * Puts the content away and opens the cascade in the log with its first leg planned, from where on any router can go
 * on with it. A cascade that nobody could come back for is opened a moment later, by the dispatch of its first leg.
 */
export async function startCascade(reserved: Reserved, dependencies: StartDependencies): Promise<Cascade> {
  const { cascadeLog, payloads, clock, leases, owner } = dependencies
  const first = reserved.candidateRungs.find(one => one.rung.name === reserved.firstStep.model)
  if (first === undefined) throw new Error('the first step names a rung that is not on the ladder')
  const ttlMs = runDeadlineOf(reserved) - clock.now() + dependencies.payloadGraceMs
  const request = requestOf(reserved, await putAll(reserved, ttlMs, payloads))
  const plan = planOf(reserved)
  const leg = { index: 0, rung: first.rung.name, pool: first.rung.model.pool, plannedAt: clock.now() }
  const { hold } = reserved
  const together = !canMove(request)
  if (hold !== undefined && !together)
    throw new Error('a hold was left to the dispatch of a cascade that is opened before')
  if (!together && !(await cascadeLog.open(request, plan, leg, owner()))) {
    throw new GatewayError('Overloaded', 'the request took too long to open, and its key was given to another call', {
      retryAfterMs: 1000,
    })
  }
  return {
    ...(together ? { opening: { firstLeg: leg, ...(hold === undefined ? {} : { hold }) } } : {}),
    request,
    plan,
    guided: reserved.guided,
    estimate: reserved.estimate,
    modalities: reserved.modalities,
    ...(reserved.views === undefined ? {} : { views: reserved.views }),
    epoch: 1,
    legs: [{ ...leg, attempt: 0 }],
    lost: leases.keep(request.requestId, canMove(request), !together),
  }
}

/** A conversation whose words are long goes by one reference, whatever its messages; other content part by part. */
async function putAll(
  { parts, views, request: { messages }, caller: { tenant } }: Reserved,
  ttlMs: number,
  payloads: PayloadStore,
): Promise<Conversation<PartReference>> {
  if (messages === undefined || views !== undefined || areInline(parts.filter(isWords))) {
    const put = await Promise.all(parts.map(part => putPart(part, tenant, ttlMs, payloads)))
    return { parts: put, ...(messages === undefined ? {} : { messages }) }
  }
  const bytes = historyBytes({ parts, messages })
  const media = parts.filter(part => !isWords(part))
  const [payloadId, put] = await Promise.all([
    payloads.put(tenant, bytes, ttlMs),
    Promise.all(media.map(part => putPart(part, tenant, ttlMs, payloads))),
  ])
  return { parts: [{ kind: 'history-payload', payloadId, payloadBytes: bytes.byteLength }, ...put] }
}

async function putPart(
  part: CheckedPart,
  tenant: string,
  ttlMs: number,
  payloads: PayloadStore,
): Promise<PartReference> {
  if (!isWords(part)) {
    const payloadId = await payloads.put(tenant, part.bytes, ttlMs)
    const { kind, bytes, mediaType, cachePoint, viewOf } = part
    const marked = withoutAbsent<Partial<MediumReference>>({ cachePoint, viewOf })
    return { kind, payloadId, payloadBytes: bytes.byteLength, mediaType, ...marked }
  }
  if (isInline(part)) return part
  const { kind, bytes } = wordPayloadOf(part)
  return { kind, payloadId: await payloads.put(tenant, bytes, ttlMs), payloadBytes: bytes.byteLength }
}

function requestOf(reserved: Reserved, content: Conversation<PartReference>): CascadeRequest {
  const { request } = reserved
  const { deadlineMs: _counted, ...constraints } = request.constraints
  const affinity = request.sessionKey ?? beginningOf(reserved)
  return {
    requestId: reserved.requestId,
    tenant: reserved.caller.tenant,
    mode: reserved.mode,
    idempotent: request.idempotencyKey !== undefined,
    task: request.task,
    options: request.options,
    ...content,
    ...(reserved.evidence === undefined ? {} : { evidence: reserved.evidence }),
    ...(reserved.caveats === undefined ? {} : { caveats: reserved.caveats }),
    work: reserved.work,
    constraints,
    labels: request.labels,
    submittedAt: reserved.submittedAt,
    deadlineAt: runDeadlineOf(reserved),
    ...(reserved.runDeadlineAt === undefined ? {} : { answerBy: reserved.deadlineAt }),
    ...(affinity === undefined ? {} : { sessionKey: affinity }),
    ...(reserved.guard === undefined ? {} : { guard: reserved.guard }),
    ...(reserved.traceparent === undefined ? {} : { traceparent: reserved.traceparent }),
    ...(reserved.tracestate === undefined ? {} : { tracestate: reserved.tracestate }),
  }
}

/** What the log keeps of a ladder: the rungs that money is held for, and why the others were left out. */
export function planOf(reserved: Reserved): CascadePlan {
  return {
    ladder: reserved.guided.ladder.name,
    policyVersion: reserved.guided.policy?.version ?? 'none',
    estimate: reserved.estimate,
    rungs: reserved.candidateRungs
      .filter(one => one.removedBy === undefined)
      .map(({ rung, reserveNanoUsd, reservedComputeMs, price }) => ({
        name: rung.name,
        reserveNanoUsd,
        ...(reservedComputeMs === undefined ? {} : { computeMs: reservedComputeMs }),
        ...(price === undefined ? {} : { price }),
      })),
    leftOut: reserved.candidateRungs.flatMap(({ rung, removedBy: by, removedWhy: why = '' }) =>
      by === undefined ? [] : { name: rung.name, by, why },
    ),
    holdId: reserved.holdId,
    heldNanoUsd: reserved.reserveNanoUsd,
    payers: reserved.payers,
  }
}
