import type { ClimbLog, ClimbState, LegEnd, LegState, Owner, PlannedLeg } from '#services/state/cascade-log/cascade-log'
import { parseLegId, type LegId, type RequestId } from '#services/contract/ids'

type Mutable = { -readonly [K in keyof ClimbState]: ClimbState[K] } & { legs: LegState[] }

/** A climb log in memory that keeps the same promises as the one in Redis; the contract suite holds it to them. */
export class FakeClimbLog implements ClimbLog {
  readonly climbs = new Map<RequestId, Mutable>()
  readonly keys = new Map<string, { requestId: RequestId; fingerprint: string }>()
  readonly forbidden = new Set<RequestId>()
  readonly #maxDeaths: number

  constructor(maxDeaths = 2) {
    this.#maxDeaths = maxDeaths
  }

  async open(request: ClimbState['request'], plan: ClimbState['plan'], firstLeg: PlannedLeg, owner: Owner) {
    if (this.climbs.has(request.requestId) || this.forbidden.has(request.requestId)) return false
    this.climbs.set(request.requestId, {
      request,
      plan,
      legs: [{ ...firstLeg, attempt: 0 }],
      owner: owner.name,
      epoch: 1,
      leaseUntil: owner.leaseUntil,
      cancelled: false,
      revision: 1,
    })
    return true
  }

  async forbid(requestId: RequestId) {
    if (this.climbs.has(requestId)) return false
    this.forbidden.add(requestId)
    return true
  }

  async planLeg(requestId: RequestId, leg: PlannedLeg, epoch: number) {
    const climb = this.climbs.get(requestId)
    if (climb === undefined || climb.epoch !== epoch || climb.end !== undefined || climb.cancelled) return false
    if (climb.legs[leg.index] === undefined) climb.legs[leg.index] = { ...leg, attempt: 0 }
    climb.revision += 1
    return true
  }

  async beginLeg(legId: LegId, workerId: string, nowMs: number) {
    const { climb, leg } = this.#find(legId)
    if (climb === undefined || leg === undefined) return { kind: 'gone' } as const
    if (leg.end !== undefined) return { kind: 'ended', attempt: leg.attempt } as const
    if (climb.cancelled || climb.end !== undefined) return { kind: 'cancelled' } as const
    if (climb.request.deadlineAt <= nowMs) return { kind: 'expired' } as const
    const attempt = leg.attempt + 1
    const deaths = leg.attempt - Object.keys(leg.lost ?? {}).length
    this.#replace(climb, { ...leg, attempt, workerId })
    return deaths >= this.#maxDeaths ? ({ kind: 'poison', attempt } as const) : ({ kind: 'run', attempt } as const)
  }

  async endLeg(legId: LegId, attempt: number, end: LegEnd) {
    const { climb, leg } = this.#find(legId)
    if (climb === undefined || leg === undefined) return 'gone' as const
    if (leg.attempt !== attempt) {
      await this.leaveReceipt(legId, attempt, end.receipt.costNanoUsd)
      return 'fenced' as const
    }
    if (leg.end !== undefined) return 'recorded' as const
    this.#replace(climb, { ...leg, end })
    return 'recorded' as const
  }

  async leaveReceipt(legId: LegId, attempt: number, costNanoUsd: number) {
    const { climb, leg } = this.#find(legId)
    if (climb !== undefined && leg !== undefined) {
      this.#replace(climb, { ...leg, lost: { [attempt]: costNanoUsd, ...leg.lost } })
    }
  }

  async abandonLeg(legId: LegId, lostAttempt: number, end: LegEnd, epoch: number) {
    const { climb, leg } = this.#find(legId)
    if (climb === undefined || leg === undefined || climb.epoch !== epoch) return false
    if (leg.end !== undefined || leg.attempt !== lostAttempt) return false
    this.#replace(climb, { ...leg, attempt: lostAttempt + 1, end })
    return true
  }

  async judgeLeg(requestId: RequestId, index: number, report: NonNullable<LegState['report']>, epoch: number) {
    const climb = this.climbs.get(requestId)
    const leg = climb?.legs[index]
    if (climb === undefined || leg === undefined || climb.epoch !== epoch) return false
    this.#replace(climb, { ...leg, report })
    return true
  }

  async finish(requestId: RequestId, end: NonNullable<ClimbState['end']>, epoch: number, nowMs: number) {
    const climb = this.climbs.get(requestId)
    if (climb === undefined || climb.epoch !== epoch || climb.end !== undefined) return false
    climb.end = end
    climb.endedAt = nowMs
    climb.revision += 1
    return true
  }

  async cancel(requestId: RequestId) {
    const climb = this.climbs.get(requestId)
    if (climb === undefined || climb.end !== undefined) return undefined
    climb.cancelled = true
    climb.revision += 1
    return climb.legs
  }

  async read(requestId: RequestId) {
    const climb = this.climbs.get(requestId)
    // Places that no leg has are left out, as there.
    return climb && structuredClone<ClimbState>({ ...climb, legs: climb.legs.filter(() => true) })
  }

  readMany(requestIds: readonly RequestId[]) {
    return Promise.all(requestIds.map(requestId => this.read(requestId)))
  }

  async renew(requestIds: readonly RequestId[], owner: Owner) {
    return requestIds.filter(requestId => {
      const climb = this.climbs.get(requestId)
      if (climb === undefined || climb.owner !== owner.name) return true
      climb.leaseUntil = owner.leaseUntil
      return false
    })
  }

  async takeOver(owner: Owner, nowMs: number, limit: number) {
    const due = [...this.climbs.values()]
      .filter(one => one.end === undefined && one.leaseUntil <= nowMs)
      .slice(0, limit)
    for (const climb of due) {
      climb.owner = owner.name
      climb.leaseUntil = owner.leaseUntil
      climb.epoch += 1
      climb.revision += 1
    }
    return due.map(one => structuredClone<ClimbState>(one))
  }

  async bindKey(tenant: string, key: string, requestId: RequestId, fingerprint: string) {
    const name = `${tenant}\0${key}`
    const bound = this.keys.get(name) ?? { requestId, fingerprint }
    this.keys.set(name, bound)
    return bound
  }

  async releaseKey(tenant: string, key: string, requestId: RequestId) {
    const name = `${tenant}\0${key}`
    if (this.keys.get(name)?.requestId === requestId) this.keys.delete(name)
  }

  async listDead() {
    return [...this.climbs.values()].filter(one => one.end?.kind === 'failed' && one.end.dead)
  }

  async discardDead(requestId: RequestId) {
    return this.climbs.delete(requestId)
  }

  #find(legId: LegId): { climb: Mutable | undefined; leg: LegState | undefined } {
    const parsed = parseLegId(legId)
    const climb = parsed === undefined ? undefined : this.climbs.get(parsed.requestId)
    return { climb, leg: climb?.legs[parsed?.index ?? -1] }
  }

  #replace(climb: Mutable, leg: LegState): void {
    climb.legs[leg.index] = leg
    climb.revision += 1
  }
}
