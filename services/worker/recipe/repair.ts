import { addUsage, answerText, type LegResult } from '#services/contract/answer'
import type { TextPart } from '#services/contract/content'
import type { MessageSpan } from '#services/contract/conversation'
import type { Backend, RunControl } from '#services/backends/backend'
import type { Work } from '#services/backends/work'
import type { Sandboxes } from '#services/worker/sandbox/sandboxes'
import { checkShape, type Shaped } from './check-shape.ts'

/** What repairing works with. */
export interface RepairDependencies {
  readonly backend: Backend
  readonly sandboxes: Pick<Sandboxes, 'check'>
}

/** Whether a leg's model is asked once more where its answer is not of the wanted shape. */
export function repairs({ recipe, options }: Work): boolean {
  return recipe.repair === true && options.responseFormat !== undefined
}

/**
 * Shows the model its own answer with what the validator found, and asks once more. A repaired answer of the right
 * shape is taken (`repaired`: 1); else the first one stays as it was, and the cascade goes on. Both are paid.
 */
export async function repair(
  { result, fault }: Shaped,
  work: Work,
  control: RunControl,
  { backend, sandboxes }: RepairDependencies,
): Promise<LegResult> {
  if (fault === undefined || !repairs(work) || control.cancelled(work.legId)) return result
  const [outcome] = await backend.run([repairOf(work, answerText(result.output), fault)], control)
  if (outcome === undefined) return result
  const usage = addUsage([result.usage, outcome.kind === 'done' ? outcome.result.usage : outcome.usage])
  const unrepaired = { ...result, usage, signals: { ...result.signals, repaired: 0 } }
  if (outcome.kind !== 'done') return unrepaired
  const second = await checkShape({ ...outcome.result, usage }, work, control, sandboxes)
  const isRight = second.fault === undefined && second.result.signals['schema_valid'] === 1
  return isRight ? { ...second.result, signals: { ...second.result.signals, repaired: 1 } } : unrepaired
}

function repairOf(work: Work, answer: string, fault: string): Work {
  const instruction = `Your answer is not valid: ${fault}. Answer again with the corrected JSON and nothing else.`
  const added = [answer, instruction].map((text): TextPart => ({ kind: 'text', text }))
  const { parts, messages = [{ role: 'user', parts: parts.length } satisfies MessageSpan] } = work
  const more: readonly MessageSpan[] = [
    { role: 'assistant', parts: 1 },
    { role: 'user', parts: 1 },
  ]
  return { ...work, streaming: false, parts: [...parts, ...added], messages: [...messages, ...more] }
}
