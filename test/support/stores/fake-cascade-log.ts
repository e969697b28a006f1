import type {
  CascadeLog,
  CascadeState,
  LegEnd,
  LegState,
  Owner,
  PlannedLeg,
} from '#services/state/cascade-log/cascade-log'
import { parseLegId, type LegId, type RequestId } from '#services/contract/ids'

type Mutable = { -readonly [K in keyof CascadeState]: CascadeState[K] } & { legs: LegState[] }

/** A cascade log in memory that keeps the same promises as the one in Redis; the contract suite holds it to them. */
export class FakeCascadeLog implements CascadeLog {
  readonly cascades = new Map<RequestId, Mutable>()
  readonly keys = new Map<string, { requestId: RequestId; fingerprint: string }>()
  readonly forbidden = new Set<RequestId>()
  readonly #maxDeaths: number

  constructor(maxDeaths = 2) {
    this.#maxDeaths = maxDeaths
  }

  async open(request: CascadeState['request'], plan: CascadeState['plan'], firstLeg: PlannedLeg, owner: Owner) {
    if (this.cascades.has(request.requestId) || this.forbidden.has(request.requestId)) return false
    this.cascades.set(request.requestId, {
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
    if (this.cascades.has(requestId)) return false
    this.forbidden.add(requestId)
    return true
  }

  async planLeg(requestId: RequestId, leg: PlannedLeg, epoch: number) {
    const cascade = this.cascades.get(requestId)
    if (cascade === undefined || cascade.epoch !== epoch || cascade.end !== undefined || cascade.cancelled) return false
    if (cascade.legs[leg.index] === undefined) cascade.legs[leg.index] = { ...leg, attempt: 0 }
    cascade.revision += 1
    return true
  }

  async beginLeg(legId: LegId, workerId: string, nowMs: number) {
    const { cascade, leg } = this.#find(legId)
    if (cascade === undefined || leg === undefined) return { kind: 'gone' } as const
    if (leg.end !== undefined) return { kind: 'ended', attempt: leg.attempt } as const
    if (cascade.cancelled || cascade.end !== undefined) return { kind: 'cancelled' } as const
    if (cascade.request.deadlineAt <= nowMs) return { kind: 'expired' } as const
    const attempt = leg.attempt + 1
    const deaths = leg.attempt - Object.keys(leg.lost ?? {}).length
    this.#replace(cascade, { ...leg, attempt, workerId })
    return deaths >= this.#maxDeaths ? ({ kind: 'poison', attempt } as const) : ({ kind: 'run', attempt } as const)
  }

  async endLeg(legId: LegId, attempt: number, end: LegEnd) {
    const { cascade, leg } = this.#find(legId)
    if (cascade === undefined || leg === undefined) return 'gone' as const
    if (leg.attempt !== attempt) {
      await this.leaveReceipt(legId, attempt, end.receipt.costNanoUsd)
      return 'fenced' as const
    }
    if (leg.end !== undefined) return 'recorded' as const
    this.#replace(cascade, { ...leg, end })
    return 'recorded' as const
  }

  async leaveReceipt(legId: LegId, attempt: number, costNanoUsd: number) {
    const { cascade, leg } = this.#find(legId)
    if (cascade !== undefined && leg !== undefined) {
      this.#replace(cascade, { ...leg, lost: { [attempt]: costNanoUsd, ...leg.lost } })
    }
  }

  async abandonLeg(legId: LegId, lostAttempt: number, end: LegEnd, epoch: number) {
    const { cascade, leg } = this.#find(legId)
    if (cascade === undefined || leg === undefined || cascade.epoch !== epoch) return false
    if (leg.end !== undefined || leg.attempt !== lostAttempt) return false
    this.#replace(cascade, { ...leg, attempt: lostAttempt + 1, end })
    return true
  }

  async recordVerdict(requestId: RequestId, index: number, report: NonNullable<LegState['report']>, epoch: number) {
    const cascade = this.cascades.get(requestId)
    const leg = cascade?.legs[index]
    if (cascade === undefined || leg === undefined || cascade.epoch !== epoch) return false
    this.#replace(cascade, { ...leg, report })
    return true
  }

  async finish(requestId: RequestId, end: NonNullable<CascadeState['end']>, epoch: number, nowMs: number) {
    const cascade = this.cascades.get(requestId)
    if (cascade === undefined || cascade.epoch !== epoch || cascade.end !== undefined) return false
    cascade.end = end
    cascade.endedAt = nowMs
    cascade.revision += 1
    return true
  }

  async cancel(requestId: RequestId) {
    const cascade = this.cascades.get(requestId)
    if (cascade === undefined || cascade.end !== undefined) return undefined
    cascade.cancelled = true
    cascade.revision += 1
    return cascade.legs
  }

  async read(requestId: RequestId) {
    const cascade = this.cascades.get(requestId)
    // Places that no leg has are left out, as there.
    return cascade && structuredClone<CascadeState>({ ...cascade, legs: cascade.legs.filter(() => true) })
  }

  readMany(requestIds: readonly RequestId[]) {
    return Promise.all(requestIds.map(requestId => this.read(requestId)))
  }

  async renew(requestIds: readonly RequestId[], owner: Owner) {
    return requestIds.filter(requestId => {
      const cascade = this.cascades.get(requestId)
      if (cascade === undefined || cascade.owner !== owner.name) return true
      cascade.leaseUntil = owner.leaseUntil
      return false
    })
  }

  async takeOver(owner: Owner, nowMs: number, limit: number) {
    const due = [...this.cascades.values()]
      .filter(one => one.end === undefined && one.leaseUntil <= nowMs)
      .slice(0, limit)
    for (const cascade of due) {
      cascade.owner = owner.name
      cascade.leaseUntil = owner.leaseUntil
      cascade.epoch += 1
      cascade.revision += 1
    }
    return due.map(one => structuredClone<CascadeState>(one))
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
    return [...this.cascades.values()].filter(one => one.end?.kind === 'failed' && one.end.dead)
  }

  async discardDead(requestId: RequestId) {
    return this.cascades.delete(requestId)
  }

  #find(legId: LegId): { cascade: Mutable | undefined; leg: LegState | undefined } {
    const parsed = parseLegId(legId)
    const cascade = parsed === undefined ? undefined : this.cascades.get(parsed.requestId)
    return { cascade, leg: cascade?.legs[parsed?.index ?? -1] }
  }

  #replace(cascade: Mutable, leg: LegState): void {
    cascade.legs[leg.index] = leg
    cascade.revision += 1
  }
}
