import type { CallEnd, ProgramRun } from './run-program.ts'

/** What is looked for in an answer. Runs in a sandbox, since its time depends on what a model wrote. */
export type CheckOrder =
  /** Runs a program; see {@link ProgramRun}. */
  | ({ readonly kind: 'program' } & ProgramRun)
  /** Whether the whole answer matches a pattern. */
  | { readonly kind: 'pattern'; readonly pattern: string; readonly answer: string }
  /** Whether the answer is JSON of a schema. */
  | { readonly kind: 'schema'; readonly schema: Readonly<Record<string, unknown>>; readonly answer: string }
  /** What of a text is the answer by a pattern. */
  | { readonly kind: 'extract'; readonly pattern: string; readonly text: string }

/** What came of a check: nothing of one that did not end in its time. */
export interface CheckResult {
  /** One end a call of a program, in order. */
  readonly calls?: readonly CallEnd[]
  readonly passed?: boolean
  /** What a schema finds wrong, in words; a piece of the answer may be in it. */
  readonly fault?: string
  readonly extracted?: string
}
