import type { LegState } from '#services/state/cascade-log/cascade-log'
import { legIdOf } from '#services/contract/ids'
import type { ReplySender } from '#services/state/replies/reply-stream'
import type { EmitEvent } from '#services/router/request/states'
import type { Cascade } from './cascade.ts'
import type { Candidates } from './leg-gate.ts'
import { createTextRelay, type TextRelay } from './leg/text-relay.ts'
import type { RunState } from './run-state.ts'

/** Where a leg's text goes as it comes; `undefined` when it is judged first. */
export type RelayFor = (leg: LegState, emit: EmitEvent) => TextRelay | undefined

/**
 * Makes the relays of one run. By the ladder's `streaming`: `final` relays a rung that no judgement can follow (a
 * fallback follows failures alone, and none after the first byte), `whole` none, `optimistic` every one, and says so
 * where another could have followed.
 */
export function createTextRelays(
  { request, guided }: Pick<Cascade, 'request' | 'guided'>,
  { tried }: Pick<RunState, 'tried'>,
  candidates: Candidates,
  replySender: ReplySender,
): RelayFor {
  const { streaming = 'final', rungs } = guided.ladder

  /**
   * What comes is what is given, and may be shown before it is whole: no vote is taken, and no answer cut out of the
   * text.
   */
  const canStream = (leg: LegState): boolean => {
    const recipe = rungs.find(one => one.name === leg.rung)?.recipe
    const whole = (recipe?.samples ?? 1) > 1 || recipe?.answerPattern !== undefined
    return request.task === 'generate' && streaming !== 'whole' && !whole
  }

  return (leg, emit) => {
    if (!canStream(leg)) return undefined
    const optimistic = candidates().some(
      ({ rung, removedBy }) =>
        removedBy === undefined && rung.fallback !== true && rung.name !== leg.rung && !tried.has(rung.name),
    )
    if (optimistic && streaming !== 'optimistic') return undefined
    const legId = legIdOf(request.requestId, leg.index)
    return createTextRelay({ legId, model: leg.rung, optimistic }, emit, replySender)
  }
}
