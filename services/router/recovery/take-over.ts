import type { CascadeLog, CascadeState, Owner } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import type { Cascades } from '#services/router/cascade/cascades'
import type { Settler } from '#services/router/settle/settle'
import type { Finished } from '#services/router/request/states'

/** What taking cascades over needs. */
export interface TakeOverDependencies {
  readonly cascadeLog: Pick<CascadeLog, 'takeOver'>
  readonly cascades: Pick<Cascades, 'resume'>
  readonly settler: Pick<Settler, 'settle'>
  readonly clock: Clock
  readonly owner: () => Owner
  /** How many more this router can carry. */
  readonly room: () => number
  /** Runs cascades that have no caller at this router. */
  readonly background: (inProgress: Promise<unknown>) => void
  readonly resumed: () => void
  readonly ended: (finished: Finished) => void
}

/** Creates the loop in which a router takes over cascades of dead routers, up to its free capacity. */
export function createTakeOver(dependencies: TakeOverDependencies): () => Promise<void> {
  const { cascadeLog, cascades, settler, clock, owner, room, background, resumed, ended } = dependencies
  const resume = async (state: CascadeState): Promise<void> => {
    const finished = await cascades.resume(state)
    if (finished !== undefined) ended(finished)
    await settler.settle({ holdId: state.plan.holdId, requestId: state.request.requestId }, finished)
  }
  return async () => {
    for (const state of await cascadeLog.takeOver(owner(), clock.now(), room())) {
      resumed()
      background(resume(state))
    }
  }
}
