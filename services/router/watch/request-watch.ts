import type { RungReport } from '#services/contract/answer'
import type { RequestId } from '#services/contract/ids'
import type { Rung } from '#services/contract/model'
import type { Clock } from '#services/contract/clock'
import type { Admitted, Chosen, Finished } from '#services/router/request/states'
import { describeAdmitted, describeChosen, describeEnd, describeLegs, describeState } from './describe-request.ts'
import type { SpendWindow } from './spend-window.ts'
import type { WatchedLeg, WatchedRequest } from './watched-request.ts'

/** The requests of one router as they happen, and those that ended lately. */
export interface RequestWatch {
  /** `sinceMs` is the time of this process (`performance.now`) at which its admission began. */
  admitted(admitted: Admitted, at: number, sinceMs: number): void
  /** A stage is over; the time is that of this process, now. */
  passed(requestId: RequestId, stage: string, sinceMs: number): void
  /** It is decided; from now on it is shown. */
  decided(chosen: Chosen): void
  /** A leg is enqueued. */
  called(requestId: RequestId, rung: Rung): void
  /** A leg was judged. */
  judged(requestId: RequestId, report: RungReport): void
  ended(finished: Finished): void
  /** A stage failed. */
  refused(requestId: RequestId, code: string, message: string): void
  /** It came to nothing before it was decided, and is shown with what refused it. */
  dismissed(requestId: RequestId): void
  /** It is not shown: the call was `Explain`, or another request has its answer. */
  forgotten(requestId: RequestId): void
  find(requestId: string): WatchedRequest | undefined
  /** The latest, newest first. */
  latest(limit: number): readonly WatchedRequest[]
  /** Called for every request that changed; gives what ends that. */
  listen(listener: (request: WatchedRequest) => void): () => void
}

/** How much is kept. */
export interface RequestWatchOptions {
  readonly requests: number
  readonly keepMs: number
}

interface Timed {
  readonly request: WatchedRequest
  readonly sinceMs: number
}

/** Makes the watch. It holds no content: what a request asks and what comes of it stay where they are. */
export function createRequestWatch(
  { requests: most, keepMs }: RequestWatchOptions,
  { clock, spend }: { readonly clock: Clock; readonly spend: SpendWindow },
): RequestWatch {
  const coming = new Map<RequestId, Timed>()
  /** Under way and not shown, since too many came at once. */
  const passedOver = new Set<RequestId>()
  const mayShow = createAllowance(clock)
  const shown = new Map<RequestId, Timed>()
  const listeners = new Set<(request: WatchedRequest) => void>()

  const changed = (request: WatchedRequest): void => {
    for (const listener of listeners) listener(request)
  }
  const show = (timed: Timed): void => {
    const { id } = timed.request
    coming.delete(id)
    shown.set(id, timed)
    const oldestAt = clock.now() - keepMs
    for (const [key, { request }] of shown) {
      if (shown.size <= most && request.at >= oldestAt) break
      shown.delete(key)
    }
  }
  const passOver = (id: RequestId): void => {
    passedOver.add(id)
    // A request without a result emits no end.
    const [oldest] = passedOver
    if (passedOver.size > mostPassedOver && oldest !== undefined) passedOver.delete(oldest)
  }
  const find = (id: RequestId): Timed | undefined => shown.get(id) ?? coming.get(id)
  const msOf = ({ request }: Timed): number => clock.now() - request.at

  return {
    admitted(admitted, at, sinceMs) {
      if (!mayShow()) return passOver(admitted.requestId)
      const request = describeAdmitted(admitted, at)
      const timed = { request, sinceMs }
      coming.set(request.id, timed)
      request.stages.push({ name: 'admit', fromMs: 0, untilMs: performance.now() - sinceMs })
    },
    passed(requestId, name, sinceMs) {
      const timed = find(requestId)
      const fromMs = sinceMs - (timed?.sinceMs ?? 0)
      timed?.request.stages.push({ name, fromMs, untilMs: performance.now() - timed.sinceMs })
    },
    decided(chosen) {
      const timed = find(chosen.requestId)
      if (timed === undefined) return
      timed.request.decision = describeChosen(chosen)
      show(timed)
      changed(timed.request)
    },
    called(requestId, { name, model }) {
      const timed = shown.get(requestId)
      if (timed === undefined) return
      timed.request.legs.push({ model: name, tier: model.tier, pool: model.pool, plannedMs: msOf(timed) })
      changed(timed.request)
    },
    judged(requestId, { model, verdict, reason, confidence, costNanoUsd }) {
      const timed = shown.get(requestId)
      const leg = timed?.request.legs.findLast(one => one.model === model)
      if (timed === undefined || leg === undefined) return
      Object.assign(leg, {
        verdict,
        reason,
        costNanoUsd,
        verdictMs: msOf(timed),
        ...(confidence === undefined ? {} : { confidence }),
      })
      changed(timed.request)
    },
    ended(finished) {
      spend.ended(finished)
      const timed = shown.get(finished.requestId)
      if (passedOver.delete(finished.requestId)) return
      if (timed === undefined) {
        // It was begun by a router that died.
        show({ request: describeState(finished), sinceMs: performance.now() })
        return
      }
      const { request } = timed
      const live = new Map(request.legs.map(leg => [leg.model, leg]))
      const reports = finished.end.kind === 'answered' ? finished.end.answer.rungs : finished.end.rungs
      const legs = describeLegs(finished.legs, reports, request.at, rung => live.get(rung)?.tier ?? '')
      request.legs.splice(0, request.legs.length, ...legs.map(leg => withJudged(leg, live.get(leg.model)?.verdictMs)))
      request.end = describeEnd(finished)
      changed(request)
    },
    refused(requestId, code, message) {
      const timed = find(requestId)
      if (timed === undefined || timed.request.end !== undefined) return
      const kind = code === 'Cancelled' ? ('cancelled' as const) : ('failed' as const)
      timed.request.end = { kind, atMs: msOf(timed), costNanoUsd: 0, code, message, skipped: [] }
      if (shown.has(requestId)) changed(timed.request)
    },
    dismissed(requestId) {
      passedOver.delete(requestId)
      const timed = coming.get(requestId)
      if (timed?.request.end === undefined) return
      show(timed)
      changed(timed.request)
    },
    forgotten: requestId => void coming.delete(requestId),
    find: requestId => shown.get(requestId as RequestId)?.request,
    latest: limit =>
      [...shown.values()]
        .slice(-limit)
        .toReversed()
        .map(({ request }) => request),
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** Requests that are shown a second, and at once after a pause: more are unreadable, and each costs. */
const [shownASecond, shownAtOnce] = [50, 500]
const mostPassedOver = 50_000

/** Tells of each request whether it is one of those. */
function createAllowance(clock: Clock): () => boolean {
  let left = shownAtOnce
  let since = clock.now()
  return () => {
    const nowMs = clock.now()
    left = Math.min(shownAtOnce, left + (Math.max(0, nowMs - since) / 1000) * shownASecond)
    since = nowMs
    if (left < 1) return false
    left -= 1
    return true
  }
}

function withJudged(leg: WatchedLeg, verdictMs: number | undefined): WatchedLeg {
  return verdictMs === undefined ? leg : { ...leg, verdictMs }
}
