import type { WordPart } from '#services/contract/content'
import { messagesOf, type Role } from '#services/contract/conversation'
import type { GuardrailCheck } from '#services/contract/request'
import { isWords } from '#services/contract/content'
import type { Admitted, CheckedPart } from '#services/router/request/states'
import type { GuardrailSet } from './guardrail-set.ts'
import { createPlaceholders } from './placeholders.ts'
import { createTextGuard } from './text-guard.ts'

/** What the guardrails before make of a request. */
export interface GuardedRequest {
  /** The request as models may see it. */
  readonly admitted: Admitted
  /** What was found in it. */
  readonly found: ReadonlySet<GuardrailCheck>
  /** What is put back into the answer, by placeholder. */
  readonly restore: Readonly<Record<string, string>>
}

/** Who may try to take a model over: users, and what tools bring. The rest is the deployment's own or a model's. */
const strangers: ReadonlySet<Role> = new Set(['user', 'tool'])

/** Checks every word of a request, and rewrites what a check redacts. Reasoning goes back to its model as it was. */
export function guardRequest(admitted: Admitted, set: GuardrailSet): GuardedRequest {
  const { request, parts } = admitted
  const { instruction } = request.options
  const restored = new Set(set.before.filter(({ restore }) => restore === true).map(({ check }) => check))
  const placeholders = createPlaceholders([instruction ?? '', ...parts.map(part => textOf(part) ?? '')])
  const found = new Set<GuardrailCheck>()

  const guarded = (text: string, role: Role): string => {
    const guard = createTextGuard({
      checks: set.before.filter(({ check }) => check !== 'injection' || strangers.has(role)),
      replace: ({ check, kind }, data) => placeholders.of(kind, data, restored.has(check)),
    })
    const rewritten = guard.push(text) + guard.end()
    for (const check of guard.found) found.add(check)
    return rewritten
  }

  const roles = messagesOf({
    parts,
    ...(request.messages === undefined ? {} : { messages: request.messages }),
  }).flatMap(({ role, parts: own }) => own.map(() => role))
  const rewritten = parts.map((part, index) => {
    const text = textOf(part)
    return text === undefined ? part : withText(part, guarded(text, roles[index] ?? 'user'))
  })
  const orders = instruction === undefined ? {} : { instruction: guarded(instruction, 'system') }
  return {
    admitted: {
      ...admitted,
      parts: rewritten,
      request: {
        ...request,
        options: { ...request.options, ...orders },
        parts: request.parts.map((part, index) => {
          const own = rewritten[index]
          return own !== undefined && isWords(own) ? own : part
        }),
      },
    },
    found,
    restore: placeholders.restored,
  }
}

/** The words of a part that are checked. */
function textOf(part: CheckedPart): string | undefined {
  if (part.kind === 'text') return part.text
  if (part.kind === 'tool-result') return part.content
  return part.kind === 'tool-call' ? part.argumentsJson : undefined
}

function withText(part: CheckedPart, text: string): CheckedPart {
  if (part.kind === 'text') return { ...part, text } satisfies WordPart
  if (part.kind === 'tool-result') return { ...part, content: text }
  return part.kind === 'tool-call' ? { ...part, argumentsJson: text } : part
}
