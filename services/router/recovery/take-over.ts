import type { ClimbLog, ClimbState, Owner } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import type { Cascades } from '#services/router/cascade/cascades'
import type { Settler } from '#services/router/settle/settle'
import type { Climbed } from '#services/router/request/states'

/** What taking climbs over needs. */
export interface TakeOverDependencies {
  readonly climbLog: Pick<ClimbLog, 'takeOver'>
  readonly cascades: Pick<Cascades, 'resume'>
  readonly settler: Pick<Settler, 'settle'>
  readonly clock: Clock
  readonly owner: () => Owner
  /** How many more this router can carry. */
  readonly room: () => number
  /** Carries climbs that nobody here waits for. */
  readonly background: (climbing: Promise<unknown>) => void
  readonly resumed: () => void
  readonly ended: (climbed: Climbed) => void
}

/** Makes the turn in which a router goes on with the climbs of routers that died, as many as it has room for. */
export function createTakeOver(dependencies: TakeOverDependencies): () => Promise<void> {
  const { climbLog, cascades, settler, clock, owner, room, background, resumed, ended } = dependencies
  const resume = async (state: ClimbState): Promise<void> => {
    const climbed = await cascades.resume(state)
    if (climbed !== undefined) ended(climbed)
    await settler.settle({ holdId: state.plan.holdId, requestId: state.request.requestId }, climbed)
  }
  return async () => {
    for (const state of await climbLog.takeOver(owner(), clock.now(), room())) {
      resumed()
      background(resume(state))
    }
  }
}
