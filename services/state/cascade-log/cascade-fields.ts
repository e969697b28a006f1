import type { CascadeState, LegState, PlannedLeg } from './cascade-log.ts'

/** A hash as Redis gives it: field, value, field, value, … */
export type FlatFields = readonly string[]

/**
 * Reads a cascade from its fields; `undefined` when there are none, or when a half-written cascade lacks its request.
 */
export function cascadeStateOf(fields: ReadonlyMap<string, string>): CascadeState | undefined {
  const request = fields.get('request')
  const plan = fields.get('plan')
  if (request === undefined || plan === undefined) return undefined
  const end = fields.get('end')
  const ended = fields.get('ended')
  const count = Number(fields.get('legs') ?? 0)
  return {
    request: JSON.parse(request),
    plan: JSON.parse(plan),
    legs: Array.from({ length: count }, (_, index) => legOf(fields, index)).filter(leg => leg !== undefined),
    owner: fields.get('owner') ?? '',
    epoch: Number(fields.get('epoch') ?? 0),
    leaseUntil: Number(fields.get('lease') ?? 0),
    cancelled: fields.has('cancelled'),
    revision: Number(fields.get('rev') ?? 0),
    ...(end === undefined ? {} : { end: JSON.parse(end) }),
    ...(ended === undefined ? {} : { endedAt: Number(ended) }),
  }
}

function legOf(fields: ReadonlyMap<string, string>, index: number): LegState | undefined {
  const name = `l${index}`
  const planned = fields.get(name)
  if (planned === undefined) return undefined
  const leg: PlannedLeg = JSON.parse(planned)
  const workerId = fields.get(`${name}:w`)
  const end = fields.get(`${name}:e`)
  const report = fields.get(`${name}:r`)
  const attempt = Number(fields.get(`${name}:a`) ?? 0)
  const lost = lostOf(fields, name, attempt)
  return {
    index: leg.index,
    rung: leg.rung,
    pool: leg.pool,
    plannedAt: leg.plannedAt,
    attempt,
    ...(leg.purpose === undefined ? {} : { purpose: leg.purpose }),
    ...(lost === undefined ? {} : { lost }),
    ...(workerId === undefined ? {} : { workerId }),
    ...(end === undefined ? {} : { end: JSON.parse(end) }),
    ...(report === undefined ? {} : { report: JSON.parse(report) }),
  }
}

function lostOf(fields: ReadonlyMap<string, string>, name: string, attempt: number): LegState['lost'] {
  const costs: Record<number, number> = {}
  for (let earlier = 1; earlier <= attempt; earlier += 1) {
    const cost = fields.get(`${name}:f${earlier}`)
    if (cost !== undefined) costs[earlier] = Number(cost)
  }
  return Object.keys(costs).length === 0 ? undefined : costs
}

/** Pairs flat fields up. */
export function pairUp(flat: FlatFields): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>()
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.set(flat[at] ?? '', flat[at + 1] ?? '')
  return pairs
}

/** The texts of a script's reply; none where it is no list. */
export function textsOf(reply: unknown): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}
