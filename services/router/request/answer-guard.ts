import type { Output } from '#services/contract/answer'
import type { GuardrailCheck, GuardrailFlag } from '#services/contract/request'
import type { EmitEvent } from './states.ts'

/** Checks the answers to one request before anybody is given them, and puts the caller's own data back. */
export interface AnswerGuard {
  /** Checks a whole answer. */
  check(output: Output): CheckedOutput
  /** Opens the check of an answer that comes in pieces. */
  openStream(emit: EmitEvent): GuardedStream
}

/** An answer that was checked. */
export type CheckedOutput =
  | { readonly kind: 'passed'; readonly output: Output; readonly flags: readonly GuardrailFlag[] }
  | { readonly kind: 'refused'; readonly by: GuardrailCheck | 'fault' }

/** An answer that is checked as it comes; what cannot be decided yet is held back. */
export interface GuardedStream {
  readonly emit: EmitEvent
  /** The answer is whole and has passed: gives what was held back. */
  flush(): Promise<void>
  /** Some of the text has gone out. */
  readonly hasReleased: boolean
}
