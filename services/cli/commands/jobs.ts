import type { Timestamp__Output } from '#services/wire/generated/google/protobuf/Timestamp'
import type { Job__Output } from '#services/wire/generated/sluice/v1/Job'
import { openGateway, type GatewayCaller } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { CommandFault, codeName } from '#services/cli/client/failure'
import { readNumber } from '#services/cli/client/number-option'
import { plainResponse, savePicture } from '#services/cli/output/picture'
import { requestOf, type RequestOptions } from '#services/cli/client/request-options'
import { dash, shortEnum, showAnswer, showRungs } from '#services/cli/output/show-answer'
import { jsonOf, tableOf, type Terminal } from '#services/cli/output/terminal'
import { formatNanoUsd } from '#services/contract/money'
import { timestampToWire } from '#services/wire/convert/time'
import { checkMessageSize } from '#services/cli/client/message-size'

/** Options of `jobs submit`. */
export interface SubmitOptions extends CommonOptions, RequestOptions {
  readonly watch?: boolean
}

/** Options of `jobs get`. */
export interface GetOptions extends CommonOptions {
  /** `generate_image`: the file that takes the picture. */
  readonly out?: string
}

/** `sluice jobs submit` */
export async function runSubmit(options: SubmitOptions, terminal: Terminal, ...words: string[]): Promise<void> {
  const request = requestOf(options, words)
  using gateway = await openGateway(options)
  checkMessageSize(request, gateway.messageBytes)
  const job = await gateway.call('Submit', { request })
  if (options.watch === true) await watch(gateway, job.jobId, terminal)
  else showJob(job, terminal)
}

/** `sluice jobs get <id>` */
export async function runGet(options: GetOptions, terminal: Terminal, jobId = ''): Promise<void> {
  using gateway = await openGateway(options)
  const job = await gateway.call('GetJob', { jobId })
  if (job.response !== null && savePicture(job.response, options.out)) {
    terminal.note(terminal.paint('dim', `the picture is in ${options.out}`))
  }
  showJob(job, terminal)
}

/** Options of `jobs list`. */
export interface ListOptions extends CommonOptions {
  readonly limit: string
  readonly before?: string
}

/** `sluice jobs list` */
export async function runList(options: ListOptions, terminal: Terminal): Promise<void> {
  const limit = readLimit(options.limit)
  const before = options.before === undefined ? undefined : Date.parse(options.before)
  if (Number.isNaN(before))
    throw new CommandFault(
      `--before: expected a time such as 2026-01-31T08:00:00Z, got ${JSON.stringify(options.before)}`,
    )
  using gateway = await openGateway(options)
  const { jobs } = await gateway.call('ListJobs', {
    limit,
    ...(before === undefined ? {} : { submittedBefore: timestampToWire(before) }),
  })
  if (terminal.json) terminal.value(jobs)
  else if (jobs.length === 0) terminal.line('no jobs')
  else terminal.line(jobTable(jobs, terminal))
}

function jobTable(jobs: readonly Job__Output[], terminal: Terminal): string {
  return tableOf<Job__Output>(
    [
      { title: 'job', cell: job => job.jobId },
      { title: 'state', cell: job => shortEnum(job.state), style: job => (job.error === null ? undefined : 'red') },
      { title: 'submitted', cell: job => when(job.submittedAt) },
      { title: 'ended', cell: job => when(job.endedAt) },
      { title: 'rungs', cell: job => job.rungs.map(rung => rung.model).join(' → ') },
      {
        title: 'cost',
        align: 'right',
        cell: job => formatNanoUsd(job.rungs.reduce((sum, rung) => sum + rung.costNanoUsd, 0)),
      },
      {
        title: 'error',
        cell: job => (job.error === null ? '' : `${codeName(job.error.code)}: ${job.error.message}`),
        shrinks: true,
      },
    ],
    jobs,
    terminal,
  )
}

/** `sluice jobs watch <id>` */
export async function runWatch(options: CommonOptions, terminal: Terminal, jobId = ''): Promise<void> {
  using gateway = await openGateway(options)
  await watch(gateway, jobId, terminal)
}

/** `sluice jobs cancel <id>` */
export async function runCancel(options: CommonOptions, terminal: Terminal, jobId = ''): Promise<void> {
  using gateway = await openGateway(options)
  showJob(await gateway.call('CancelJob', { jobId }), terminal)
}

async function watch(gateway: GatewayCaller, jobId: string, terminal: Terminal): Promise<void> {
  let last: Job__Output | undefined
  for await (const job of gateway.stream('WatchJob', { jobId })) {
    last = job
    if (terminal.json) terminal.line(jsonOf(plainJob(job)))
    else
      terminal.note(
        terminal.paint(
          'dim',
          `${shortEnum(job.state)}, ${job.rungs.length} ${job.rungs.length === 1 ? 'rung' : 'rungs'} finished`,
        ),
      )
  }
  if (last !== undefined && !terminal.json) showJob(last, terminal)
}

function plainJob(job: Job__Output): object {
  return job.response === null ? job : { ...job, response: plainResponse(job.response) }
}

/** Prints a job. */
export function showJob(job: Job__Output, terminal: Terminal): void {
  if (terminal.json) {
    terminal.value(plainJob(job))
    return
  }
  terminal.line(`job ${job.jobId}  ${terminal.paint('bold', shortEnum(job.state))}`)
  terminal.line(terminal.paint('dim', `submitted ${when(job.submittedAt)}, deadline ${when(job.deadlineAt)}`))
  if (job.response !== null) showAnswer(job.response, terminal)
  else if (job.rungs.length > 0) showRungs(job.rungs, terminal)
  if (job.error !== null) terminal.line(terminal.paint('red', `${codeName(job.error.code)}: ${job.error.message}`))
}

/** How many entries a list is to have. @throws CommandFault */
export function readLimit(text: string): number {
  return readNumber('--limit', text, { from: 1, to: 1000, whole: true })
}

/** A time for a person; a dash where there is none. */
export function when(timestamp: Timestamp__Output | null): string {
  return timestamp === null ? dash : new Date(timestamp.seconds * 1000 + timestamp.nanos / 1e6).toISOString()
}
