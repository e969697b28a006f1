import type { LegId } from '#services/contract/ids'
import type { RunControl } from '#services/worker/backends/backend'
import type { Work } from '#services/worker/states'
import type { FromThread } from './messages.ts'

/** Pieces of text on their way to the main thread before the model has to wait. */
const deltaWindow = 16

/** The control of one run inside a model's thread, and the news that feed it. */
export interface ThreadRunControl extends RunControl {
  unwanted(legId: LegId): void
  deltaTaken(legId: LegId): void
}

interface Leg {
  readonly place: number
  readonly controller: AbortController
  deltasUnderway: number
  readonly waiting: (() => void)[]
}

/** Makes the control of one batch; flags are read from shared memory, so that they are seen while the thread computes. */
export function createRunControl(
  batch: readonly Work[],
  flags: Int32Array<SharedArrayBuffer>,
  post: (message: FromThread) => void,
): ThreadRunControl {
  const legs = new Map<LegId, Leg>()
  for (const [place, work] of batch.entries()) {
    legs.set(work.legId, { place, controller: new AbortController(), deltasUnderway: 0, waiting: [] })
  }
  const legOf = (legId: LegId): Leg => {
    const leg = legs.get(legId)
    if (leg === undefined) throw new Error(`leg ${legId} is not in the batch at work`)
    return leg
  }
  return {
    cancelled: legId => Atomics.load(flags, legOf(legId).place) === 1,
    signal: legId => legOf(legId).controller.signal,
    async onDelta(legId, text) {
      const leg = legOf(legId)
      post({ kind: 'delta', legId, text })
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
