import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TaskOptions } from '#services/contract/content'
import type { MessageSpan } from '#services/contract/conversation'
import type { Outcome, Work } from '#services/backends/work'

/** What one call of a real server was, and what was made of it. */
export interface WireFixture {
  /** Such as `llama-server`, with the version that was run. */
  readonly server: string
  readonly version: string
  readonly case: string
  /** The backend of the call, without its address. */
  readonly backend: { readonly kind: string; readonly [field: string]: unknown }
  readonly work: RecordedWork
  readonly exchanges: readonly Exchange[]
  readonly outcome: SeenOutcome
}

/** A leg as it is written down: words alone. */
export interface RecordedWork {
  readonly task: Work['task']
  readonly options?: TaskOptions
  readonly recipe?: Work['recipe']
  readonly parts: readonly RecordedPart[]
  readonly messages?: readonly MessageSpan[]
  readonly streaming?: boolean
}

/** A part of words, or a file of `test/fixtures`. */
export type RecordedPart = Exclude<Work['parts'][number], { readonly bytes: unknown }> | RecordedMedium

/** A medium by its file under `test/fixtures`. */
export interface RecordedMedium {
  readonly kind: 'audio' | 'image'
  readonly file: string
  readonly mediaType: string
}

/** One request and its answer. Bodies of gRPC are base64, all others as they came. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly asked?: unknown
  readonly status: number
  readonly contentType: string
  readonly answered: string
  /** `grpc-status` and `grpc-message`. */
  readonly trailers?: Readonly<Record<string, string>>
}

/** What of an outcome is the same each time that the same bytes come. */
export type SeenOutcome =
  | {
      readonly kind: 'done'
      readonly output: unknown
      readonly usage: unknown
      /** Whether log-probabilities were read; the mean of them, to three digits. */
      readonly meanLogprob: number | null
      readonly oddities: readonly string[]
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string }

const folder = fileURLToPath(new URL('../../fixtures/wire', import.meta.url))
/** A recording is read by people too. */
const mostBytes = 100_000

/** All that was recorded, of all servers. */
export function readFixtures(): readonly WireFixture[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.json'))
    .map(entry => join(entry.parentPath, entry.name))
    .toSorted()
    .map(path => JSON.parse(readFileSync(path, 'utf8')) as WireFixture)
}

/** Writes a recording down, in place of an earlier one of the same server, version and case. */
export function writeFixture(fixture: WireFixture): void {
  const text = `${JSON.stringify(fixture, undefined, 1)}\n`
  if (text.length > mostBytes) throw new Error(`the recording of ${fixture.case} has ${text.length} bytes`)
  const into = join(folder, `${fixture.server}-${fixture.version}`)
  mkdirSync(into, { recursive: true })
  writeFileSync(join(into, `${fixture.case.replaceAll(/\W+/gu, '-')}.json`), text)
}

/** What a test compares of an outcome: times are left out. */
export function seenOutcome(outcome: Outcome, oddities: readonly string[]): SeenOutcome {
  if (outcome.kind === 'failed') return { kind: 'failed', reason: outcome.reason, message: outcome.message }
  const { output, usage, signals } = outcome.result
  const { computeMs: _computeMs, ...counted } = usage
  const { mean_logprob: mean = 0, has_logprobs: has } = signals
  return JSON.parse(
    JSON.stringify({
      kind: 'done',
      output,
      usage: counted,
      meanLogprob: has === 1 ? Math.round(mean * 1000) / 1000 : null,
      oddities: oddities.toSorted(),
    }),
  ) as SeenOutcome
}
