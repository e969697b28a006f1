import type { ClimbPlan, ClimbRequest, LegState } from '../../shared/climb/climb-log.ts'
import type { ScriptCall } from '../../shared/redis/script.ts'
import { isWords, type Modality } from '../../shared/contract/content.ts'
import { isWordPayload } from '../../shared/queue/word-payload.ts'
import type { Estimate } from '../../shared/policy/policy.ts'
import type { GuidedLadder } from '../states.ts'

/** A climb under way on this router: just opened, or taken over from one that died. */
export interface Course {
  readonly request: ClimbRequest
  readonly plan: ClimbPlan
  readonly guided: GuidedLadder
  readonly estimate: Estimate
  readonly modalities: readonly Modality[]
  /** Fences this router's writes. */
  readonly epoch: number
  /** Legs so far, as the log has them. */
  readonly legs: readonly LegState[]
  /** Opens the climb in the step that puts its first leg in line; absent of a climb that is open. */
  readonly opening?: () => ScriptCall
  /** Aborted when another router has taken the climb. */
  readonly lost: AbortSignal
}

/** The modalities of stored parts, each once. */
export function modalitiesOf(parts: ClimbRequest['parts']): readonly Modality[] {
  return [...new Set(parts.map(part => (isWords(part) || isWordPayload(part) ? 'text' : part.kind)))]
}
