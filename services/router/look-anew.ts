import type { Clock } from '../shared/contract/clock.ts'
import type { NanoUsd } from '../shared/contract/money.ts'
import { inputBytesOf, priorityRanks } from '../shared/queue/job.ts'
import type { Consider } from './choose/consider.ts'
import type { Course } from './climb/course.ts'
import type { Considered } from './states.ts'

/** Looks at a climb's ladder anew, with the time and money that are left. */
export type LookAnew = (course: Course, spentNanoUsd: NanoUsd) => readonly Considered[]

/** Makes the look out of the one that chose. */
export function createLookAnew(consider: Consider, clock: Clock): LookAnew {
  return ({ request, plan, guided, estimate, modalities }, spentNanoUsd) =>
    consider({
      ladder: guided.ladder,
      estimate,
      modalities,
      pin: request.constraints,
      mode: request.mode,
      nowMs: clock.now(),
      deadlineAt: request.deadlineAt,
      turn: { priority: priorityRanks[request.constraints.priority], tenant: request.tenant },
      inputBytes: inputBytesOf(request.parts),
      moneyLeftNanoUsd: plan.heldNanoUsd - spentNanoUsd,
      reserveOf: rung => plan.rungs.find(one => one.name === rung.name)?.reserveNanoUsd ?? 0,
    })
}
