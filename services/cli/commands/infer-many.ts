import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { formatNanoUsd } from '#services/contract/money'
import { askMany, type ManyOutcome } from '#services/cli/client/ask-many'
import { openGateway } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { CommandFault, describeFailure } from '#services/cli/client/failure'
import { readNumber } from '#services/cli/client/number-option'
import { requestsOfFiles, requestsOfRows } from '#services/cli/client/many-requests'
import type { RequestOptions } from '#services/cli/client/request-options'
import { createLiveLine } from '#services/cli/output/live-line'
import { plainResponse } from '#services/cli/output/picture'
import { briefAnswer, outputText, showMs } from '#services/cli/output/show-answer'
import { jsonOf, type Terminal } from '#services/cli/output/terminal'
import { fileFaultText } from '#services/platform/process/file-fault'

/** What asking many needs of the options of `infer`. */
export interface ManyOptions extends CommonOptions, RequestOptions {
  readonly stream?: boolean
  readonly out?: string
  readonly jsonl?: string
  readonly concurrency?: string
}

const usualConcurrency = 4

/** Sends many requests and reports each in order; the exit code is 1 when one of them failed. */
export async function inferMany(options: ManyOptions, terminal: Terminal, words: readonly string[]): Promise<void> {
  refuseContrary(options, words)
  const { jsonl, out } = options
  const requests = jsonl === undefined ? requestsOfFiles(options, words) : requestsOfRows(options, jsonl)
  using gateway = await openGateway(options)
  const sink = createSink(out, terminal)
  const live = createLiveLine()
  const sum = { answered: 0, failed: 0, costNanoUsd: 0 }
  const startedAt = performance.now()
  const asJson = terminal.json || jsonl !== undefined
  for await (const outcome of askMany(gateway, requests, concurrencyOf(options.concurrency))) {
    count(outcome, sum)
    live.clear()
    await sink.write(asJson ? jsonOf(plainOutcome(outcome)) : textOf(outcome, terminal))
    live.set(`${sum.answered + sum.failed} done, ${sum.failed} failed …`)
  }
  live.clear()
  await sink.end()
  if (sum.failed > 0) process.exitCode = 1
  const all = `${sum.answered} of ${sum.answered + sum.failed} answered`
  terminal.note(`${all} for ${formatNanoUsd(sum.costNanoUsd)} in ${showMs(performance.now() - startedAt)}`)
}

function refuseContrary({ jsonl, out, stream }: ManyOptions, words: readonly string[]): void {
  if (stream === true) throw new CommandFault('--stream works with one request only')
  if (jsonl !== undefined && words.length > 0)
    throw new CommandFault('--jsonl: no words may follow, since the rows are the requests')
  if (jsonl === undefined && out !== undefined) throw new CommandFault('--out: with several files, use --jsonl')
}

function count(outcome: ManyOutcome, sum: { answered: number; failed: number; costNanoUsd: number }): void {
  if ('response' in outcome) {
    sum.answered += 1
    sum.costNanoUsd += outcome.response.costNanoUsd
  } else sum.failed += 1
}

function concurrencyOf(text: string | undefined): number {
  return text === undefined ? usualConcurrency : readNumber('--concurrency', text, { from: 1, to: 1000, whole: true })
}

function plainOutcome(outcome: ManyOutcome): object {
  const { id } = outcome
  if ('response' in outcome) {
    return { id, answer: outputText(outcome.response.output), response: plainResponse(outcome.response) }
  }
  const { kind, message } = describeFailure(outcome.error)
  return { id, error: { code: kind, message } }
}

function textOf(outcome: ManyOutcome, terminal: Terminal): string {
  const name = terminal.paint('bold', String(outcome.id))
  if (!('response' in outcome)) {
    const { kind, message } = describeFailure(outcome.error)
    return `${name}  ${terminal.paint('red', kind)}: ${message}\n`
  }
  return `${name}  ${briefAnswer(outcome.response, terminal)}\n`
}

interface Sink {
  write(text: string): Promise<void>
  end(): Promise<void>
}

/** A file, or what the terminal writes to. Writes wait for a slow reader. */
function createSink(out: string | undefined, terminal: Terminal): Sink {
  if (out === undefined) {
    return {
      async write(text) {
        terminal.line(text)
        if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain')
      },
      end: () => Promise.resolve(),
    }
  }
  const file = createWriteStream(out)
  const failed = once(file, 'error').then(([error]: unknown[]) => {
    throw new CommandFault(`${out}: it cannot be written: ${fileFaultText(error)}`, { cause: error })
  })
  failed.catch(() => {
    // The next write gets the error.
  })
  return {
    write: text =>
      Promise.race([
        failed,
        new Promise<void>(resolve => {
          file.write(`${text}\n`, () => resolve())
        }),
      ]),
    end: () =>
      Promise.race([
        failed,
        new Promise<void>(resolve => {
          file.end(() => resolve())
        }),
      ]),
  }
}
