import type { DeadLetter__Output } from '#services/wire/generated/sluice/v1/DeadLetter'
import { openGateway } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { readLimit, showJob, when } from '../jobs.ts'
import { tableOf, type Terminal } from '#services/cli/output/terminal'

/** Options of `jobs dead`. */
export interface ListDeadOptions extends CommonOptions {
  readonly pool?: string
  readonly limit: string
}

/** `sluice jobs dead` */
export async function runListDead(options: ListDeadOptions, terminal: Terminal): Promise<void> {
  using gateway = await openGateway(options)
  const { deadLetters } = await gateway.call('ListDeadLetters', {
    pool: options.pool ?? '',
    limit: readLimit(options.limit),
  })
  if (terminal.json) terminal.value(deadLetters)
  else if (deadLetters.length === 0) terminal.line('no dead letters')
  else terminal.line(table(deadLetters, terminal))
}

function table(letters: readonly DeadLetter__Output[], terminal: Terminal): string {
  return tableOf<DeadLetter__Output>(
    [
      { title: 'job', cell: letter => letter.jobId },
      { title: 'died', cell: letter => when(letter.diedAt) },
      { title: 'tenant', cell: letter => letter.tenant },
      { title: 'task', cell: letter => letter.task },
      { title: 'pool', cell: letter => letter.pool },
      { title: 'reason', cell: letter => letter.reason, shrinks: true },
    ],
    letters,
    terminal,
  )
}

/** `sluice jobs inspect <id>` */
export async function runInspectDead(options: CommonOptions, terminal: Terminal, jobId = ''): Promise<void> {
  using gateway = await openGateway(options)
  const letter = await gateway.call('GetDeadLetter', { jobId })
  if (terminal.json) {
    terminal.value(letter)
    return
  }
  terminal.line(table([letter], terminal))
  terminal.line()
  if (letter.job !== null) showJob(letter.job, terminal)
}

/** `sluice jobs replay <id>` */
export async function runReplayDead(options: CommonOptions, terminal: Terminal, jobId = ''): Promise<void> {
  using gateway = await openGateway(options)
  showJob(await gateway.call('ReplayDeadLetter', { jobId }), terminal)
}

/** `sluice jobs discard <id>` */
export async function runDiscardDead(options: CommonOptions, terminal: Terminal, jobId = ''): Promise<void> {
  using gateway = await openGateway(options)
  await gateway.call('DiscardDeadLetter', { jobId })
  if (terminal.json) terminal.value({ discarded: jobId })
  else terminal.line(`${jobId} is deleted`)
}
