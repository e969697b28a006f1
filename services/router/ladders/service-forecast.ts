import { inputBytesOf } from '#services/state/queue/job'
import type { Fleet } from '#services/router/pools/fleet'
import type { WalkDependencies } from '#services/router/cascade/walk'

/** A leg that starts so late that fewer than this share of its like would end in time is not begun. */
const hopelessRatio = 0.1

/** Makes the forecast by which a leg gets its place in line: from what the model took lately for inputs of this size. */
export function createForesee(fleet: Fleet, weights: Readonly<Record<string, number>>): WalkDependencies['foresee'] {
  return ({ model }, { tenant, parts, deadlineAt }) => {
    const weight = weights[tenant] ?? 1
    const service = fleet.service(model.pool, model.name, inputBytesOf(parts))
    if (service === undefined) return { weight }
    return { weight, serviceMs: service.meanMs, latestStartAt: deadlineAt - service.quantileMs(hopelessRatio) }
  }
}
