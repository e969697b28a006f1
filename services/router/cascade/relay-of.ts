import type { LegState } from '#services/state/cascade-log/cascade-log'
import { legIdOf } from '#services/contract/ids'
import type { MailSender } from '#services/state/replies/mailbox'
import type { Considered, EmitEvent } from '#services/router/request/states'
import type { Course } from './course.ts'
import { createTextRelay, type TextRelay } from './leg/text-relay.ts'
import type { Trail } from './trail.ts'

/**
 * Where a rung's text goes as it comes; `undefined` when it is judged first. By the ladder's `streaming`: `final` relays a rung that
 * no judgement can follow (a fallback follows failures alone, and none after the first byte), `whole` none, `optimistic` every one,
 * and says so where another could have followed.
 */
export function relayOf(
  course: Course,
  trail: Trail,
  leg: LegState,
  emit: EmitEvent | undefined,
  mail: MailSender,
  look: () => readonly Considered[],
): TextRelay | undefined {
  const { streaming = 'final' } = course.guided.ladder
  if (emit === undefined || !canStream(course, leg)) return undefined
  const optimistic = look().some(
    ({ rung, removedBy }) =>
      removedBy === undefined && rung.fallback !== true && rung.name !== leg.rung && !trail.tried.has(rung.name),
  )
  if (optimistic && streaming !== 'optimistic') return undefined
  const legId = legIdOf(course.request.requestId, leg.index)
  return createTextRelay({ legId, model: leg.rung, optimistic }, emit, mail)
}

/** What comes is what is given, and may be shown before it is whole: no vote is taken, and no answer cut out of the text. */
function canStream({ request, guided }: Course, leg: LegState): boolean {
  const { streaming, rungs } = guided.ladder
  const recipe = rungs.find(one => one.name === leg.rung)?.recipe
  const whole = (recipe?.samples ?? 1) > 1 || recipe?.answerPattern !== undefined
  return request.task === 'generate' && streaming !== 'whole' && !whole
}
