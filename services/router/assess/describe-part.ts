import type { PartDescription } from '../../shared/policy/policy.ts'
import type { CheckedPart } from '../states.ts'

/** Describes a part as estimators see it. */
export async function describePart(part: CheckedPart): Promise<PartDescription> {
  if (part.kind === 'text') return part
  return { kind: part.kind, features: part.header }
}
