import type { Output, TextOutput } from '#services/contract/answer'
import type { GuardrailCheck, GuardrailFlag, RequestGuard } from '#services/contract/request'
import type { AnswerGuard, CheckedOutput } from '#services/router/request/answer-guard'
import type { GuardrailMetrics } from './guardrail-metrics.ts'
import type { ArmedCheck, GuardrailSet } from './guardrail-set.ts'
import { createGuardedStream } from './guarded-stream.ts'
import { dataOf, placeholderRule } from './placeholders.ts'
import { createTextGuard, type TextGuard } from './text-guard.ts'

/** What guarding answers needs. */
export interface GuardAnswerDependencies {
  readonly metrics: GuardrailMetrics
  /** Milliseconds that only grow. */
  readonly elapsed: () => number
}

/** Makes the guard of the answers to one request; `undefined` where there is nothing to check or to put back. */
export function createAnswerGuard(
  { after, onFault }: GuardrailSet,
  { restore = {} }: RequestGuard,
  { metrics, elapsed }: GuardAnswerDependencies,
): AnswerGuard | undefined {
  const replaced = Object.keys(restore).length === 0 ? [] : [placeholderRule(restore)]
  if (after.length === 0 && replaced.length === 0) return undefined
  const actions = new Map(after.map(({ check, action }) => [check, action]))
  const openText = (): TextGuard =>
    createTextGuard({
      checks: after,
      replaced,
      replace: ({ kind }, data) => dataOf(data, restore) ?? `[${kind}]`,
    })

  const checkText = (output: TextOutput): CheckedOutput => {
    const found = new Set<GuardrailCheck>()
    const through = (text: string): string => {
      const guard = openText()
      const rewritten = guard.push(text) + guard.end()
      for (const check of guard.found) found.add(check)
      return rewritten
    }
    const { text, toolCalls, reasoning } = output
    const rewritten = {
      ...output,
      text: through(text),
      ...(toolCalls === undefined
        ? {}
        : { toolCalls: toolCalls.map(call => ({ ...call, argumentsJson: through(call.argumentsJson) })) }),
      ...(reasoning === undefined ? {} : { reasoning: reasoning.map(one => ({ ...one, text: through(one.text) })) }),
    }
    for (const check of found) metrics.found('after', check, actions.get(check) ?? 'flag')
    const by = refusing(after, found)
    return by === undefined
      ? { kind: 'passed', output: rewritten, flags: flagsOf(found, actions) }
      : { kind: 'refused', by }
  }

  const check = (output: Output): CheckedOutput => {
    if (output.kind !== 'text') return { kind: 'passed', output, flags: [] }
    const startedAt = elapsed()
    try {
      return checkText(output)
    } catch {
      // The check's own words may quote the content.
      metrics.failed('after', onFault)
      return onFault === 'open' ? { kind: 'passed', output, flags: [] } : { kind: 'refused', by: 'fault' }
    } finally {
      metrics.checked('after', elapsed() - startedAt)
    }
  }
  return { check, openStream: emit => createGuardedStream(openText, emit) }
}

function refusing(checks: readonly ArmedCheck[], found: ReadonlySet<GuardrailCheck>): GuardrailCheck | undefined {
  return checks.find(({ check, action }) => action === 'refuse' && found.has(check))?.check
}

function flagsOf(
  found: ReadonlySet<GuardrailCheck>,
  actions: ReadonlyMap<GuardrailCheck, ArmedCheck['action']>,
): readonly GuardrailFlag[] {
  return [...found].filter(check => actions.get(check) === 'flag').map(check => `after:${check}` as const)
}
