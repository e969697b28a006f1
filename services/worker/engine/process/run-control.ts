import type { LegId } from '#services/contract/ids'
import type { RunControl } from '#services/backends/backend'
import type { Work } from '#services/backends/work'
import type { FromModel } from './messages.ts'

/** Pieces of text on their way to the worker before the model has to wait. */
const deltaWindow = 16

/** The control of one run inside a model's process, and the news that feed it. */
export interface ProcessRunControl extends RunControl {
  unwanted(legId: LegId): void
  deltaTaken(legId: LegId): void
}

interface Leg {
  readonly controller: AbortController
  deltasUnderway: number
  readonly waiting: (() => void)[]
}

/** Makes the control of one batch. */
export function createRunControl(batch: readonly Work[], send: (message: FromModel) => void): ProcessRunControl {
  const legs = new Map<LegId, Leg>()
  for (const { legId } of batch) {
    legs.set(legId, { controller: new AbortController(), deltasUnderway: 0, waiting: [] })
  }
  const legOf = (legId: LegId): Leg => {
    const leg = legs.get(legId)
    if (leg === undefined) throw new Error(`leg ${legId} is not in the batch at work`)
    return leg
  }
  return {
    cancelled: legId => legOf(legId).controller.signal.aborted,
    signal: legId => legOf(legId).controller.signal,
    async onDelta(legId, text, of = 'text') {
      const leg = legOf(legId)
      send({ kind: 'delta', legId, text, of })
      leg.deltasUnderway++
      if (leg.deltasUnderway < deltaWindow || leg.controller.signal.aborted) return
      await new Promise<void>(resolve => leg.waiting.push(resolve))
    },
    unwanted(legId) {
      const leg = legs.get(legId)
      leg?.controller.abort()
      leg?.waiting.splice(0).forEach(go => go())
    },
    deltaTaken(legId) {
      const leg = legs.get(legId)
      if (leg === undefined) return
      leg.deltasUnderway--
      leg.waiting.splice(0).forEach(go => go())
    },
  }
}
