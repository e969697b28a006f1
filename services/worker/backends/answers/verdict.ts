import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Verifier } from '#services/contract/model'

/** A verifier that is a program. */
export type ProgramVerifier = Extract<Verifier, { readonly kind: 'regex' | 'json-schema' }>

/** No pattern is run over more than this: a slow one on a long text would hold up every other leg. */
const mostCharacters = 65_536

/** Tells whether an answer passes a program. @throws Error for a schema or pattern that cannot be read */
export function passes(answer: string, verifier: ProgramVerifier): boolean {
  const text = withoutFence(answer)
  if (verifier.kind === 'regex') {
    return text.length <= mostCharacters && new RegExp(`^(?:${verifier.pattern})$`, 'u').test(text)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return false
  }
  return new Ajv2020({ strict: false, logger: false }).validate(verifier.schema, value)
}

/** Chat models like to wrap what was asked for in a fence of Markdown. */
function withoutFence(text: string): string {
  return /^\s*```\w*\n([\s\S]*?)\n?```\s*$/u.exec(text)?.[1] ?? text.trim()
}

/** What of a text is the answer: the first group of the pattern's last match, or the match; `undefined` without one. */
export function answerIn(text: string, pattern: string | undefined): string | undefined {
  if (pattern === undefined) return text
  const match = [...text.slice(-mostCharacters).matchAll(new RegExp(pattern, 'gu'))].at(-1)
  return (match?.[1] ?? match?.[0])?.trim()
}

/** How sure a judge's yes or no is that the answer is right, in [0,1]; `undefined` for other words. */
export function readVerdict(text: string, confidence: number, told: boolean): number | undefined {
  const word = /^\W*(yes|no)\b/iu.exec(text)?.[1]?.toLowerCase()
  if (word === undefined) return undefined
  const sure = told ? confidence : unsaid
  return word === 'yes' ? sure : 1 - sure
}

/** A judge whose server tells no probabilities is believed nine times in ten. */
const unsaid = 0.9
