import type { GuardrailCheck, GuardrailFlag, RequestGuard } from '#services/contract/request'
import type { Passage } from '#services/contract/retrieval/evidence'
import type { Admitted } from '#services/router/request/states'
import type { GuardrailMetrics } from './guardrail-metrics.ts'
import type { GuardrailSet } from './guardrail-set.ts'
import { createPlaceholders, dataOf, placeholderRule, type Placeholders } from './placeholders.ts'
import { createRewriter } from './scan/rewriter.ts'
import { createTextGuard } from './text-guard.ts'

/** What the guardrails make of what was found for a request. */
export interface GuardedPassages {
  /** The request, marked with what was found. */
  readonly admitted: Admitted
  /** The passages as models may see them; one that a check refuses is not among them. */
  readonly shown: readonly Passage[]
  /** The same ones, with what an answer has again in the place of its placeholders: answers are held to these. */
  readonly kept: readonly Passage[]
}

interface Guarded {
  readonly passage: Passage
  readonly found: ReadonlySet<GuardrailCheck>
  readonly isRefused: boolean
}

/** Checks passages by what the set says of requests: whoever wrote a document is a stranger as a user is. */
export function guardPassages(
  admitted: Admitted,
  passages: readonly Passage[],
  set: GuardrailSet,
  metrics: Pick<GuardrailMetrics, 'found'>,
): GuardedPassages {
  const guard: RequestGuard = admitted.guard ?? { set: set.name }
  const texts = [
    ...admitted.parts.flatMap(part => (part.kind === 'text' ? [part.text] : [])),
    ...passages.flatMap(({ title = '', text }) => [title, text]),
  ]
  const placeholders = createPlaceholders(texts, guard.restore)
  const guarded = passages.map(passage => guardPassage(passage, set, placeholders))
  const found = new Set(guarded.flatMap(one => [...one.found]))
  const acting = set.before.filter(({ check }) => found.has(check))
  for (const { check, action } of acting) metrics.found('passages', check, action)
  // A passage that is left out is told as well: without it an answer may be another.
  const flags = acting.flatMap(({ check, action }): GuardrailFlag[] =>
    action === 'redact' ? [] : [`passages:${check}`],
  )
  const shown = guarded.flatMap(({ passage, isRefused }) => (isRefused ? [] : [passage]))
  const tier = acting.find(({ action }) => action === 'route')?.tier
  const { request } = admitted
  return {
    admitted: {
      ...admitted,
      request: tier === undefined ? request : { ...request, constraints: { ...request.constraints, tier } },
      guard: {
        ...guard,
        ...(Object.keys(placeholders.restored).length === 0 ? {} : { restore: placeholders.restored }),
        ...(flags.length === 0 ? {} : { flags: [...(guard.flags ?? []), ...flags] }),
      },
    },
    shown,
    kept: shown.map(passage => withTexts(passage, text => restore(text, placeholders))),
  }
}

function guardPassage(passage: Passage, set: GuardrailSet, placeholders: Placeholders): Guarded {
  const restored = new Set(set.before.filter(check => check.restore === true).map(({ check }) => check))
  const found = new Set<GuardrailCheck>()
  let isRefused = false
  const rewritten = withTexts(passage, text => {
    const guard = createTextGuard({
      checks: set.before,
      replace: ({ check, kind }, data) => placeholders.of(kind, data, restored.has(check)),
    })
    const checked = guard.push(text) + guard.end()
    for (const check of guard.found) found.add(check)
    isRefused ||= guard.isRefused
    return checked
  })
  return { passage: rewritten, found, isRefused }
}

function withTexts(passage: Passage, change: (text: string) => string): Passage {
  const { title, text } = passage
  return { ...passage, ...(title === undefined ? {} : { title: change(title) }), text: change(text) }
}

function restore(text: string, { restored }: Placeholders): string {
  if (Object.keys(restored).length === 0) return text
  const rewriter = createRewriter([placeholderRule(restored)], (_rule, data) => dataOf(data, restored) ?? data)
  return rewriter.push(text) + rewriter.end()
}
