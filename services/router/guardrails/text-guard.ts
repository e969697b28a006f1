import type { GuardrailCheck } from '#services/contract/request'
import type { ArmedCheck } from './guardrail-set.ts'
import { createRewriter, type Replace } from './scan/rewriter.ts'
import type { Rule } from './scan/rule.ts'
import { createWatcher } from './scan/watcher.ts'

/** Checks a text that comes in pieces, and holds back what is not decided yet. */
export interface TextGuard {
  /** Takes a piece; gives what may be passed on by now, rewritten. */
  push(piece: string): string
  /** Gives the rest. */
  end(): string
  /** The checks that have found something so far. */
  readonly found: ReadonlySet<GuardrailCheck>
  /** A check that refuses has found something: nothing more is passed on. */
  readonly isRefused: boolean
}

/** What a text is guarded with. */
export interface TextGuardOptions {
  readonly checks: readonly ArmedCheck[]
  /** Rules beside those of the checks whose findings are replaced. */
  readonly replaced?: readonly Rule[]
  readonly replace: Replace
}

/** Guards one text. */
export function createTextGuard({ checks, replaced = [], replace }: TextGuardOptions): TextGuard {
  const watched = checks.filter(({ action }) => action !== 'redact')
  const redacted = checks.filter(({ action }) => action === 'redact')
  const refusing = new Set(checks.filter(({ action }) => action === 'refuse').map(({ check }) => check))
  const found = new Set<GuardrailCheck>()
  const ownRules = new Set(replaced)
  const rewriter = createRewriter([...replaced, ...redacted.flatMap(({ rules }) => rules)], (rule, data) => {
    if (!ownRules.has(rule)) found.add(rule.check)
    return replace(rule, data)
  })
  const watchers = [
    createWatcher(
      watched.flatMap(({ rules }) => rules),
      { folded: false },
    ),
    createWatcher(
      watched.flatMap(({ foldedRules }) => foldedRules),
      { folded: true },
    ),
  ]
  /** A piece waits here until the watchers, too, are done with it. */
  const waiting = createWaiting(watched.flatMap(({ rules, foldedRules }) => [...rules, ...foldedRules]))
  let isRefused = false

  const note = (): void => {
    for (const watcher of watchers) for (const { check } of watcher.found) found.add(check)
    isRefused ||= [...found].some(check => refusing.has(check))
  }

  return {
    push(piece) {
      if (isRefused) return ''
      for (const watcher of watchers) watcher.push(piece)
      note()
      return isRefused ? '' : rewriter.push(waiting.push(piece))
    },
    end() {
      if (isRefused) return ''
      for (const watcher of watchers) watcher.end()
      note()
      return isRefused ? '' : rewriter.push(waiting.end()) + rewriter.end()
    },
    found,
    get isRefused() {
      return isRefused
    },
  }
}

/** Holds back what a watcher may still find something in. */
function createWaiting(rules: readonly Rule[]): { push(piece: string): string; end(): string } {
  return createRewriter(rules.map(withoutFindings), () => '')
}

/** Takes its time and finds nothing. */
function withoutFindings(rule: Rule): Rule {
  return { ...rule, find: () => undefined }
}
