import { openGateway } from './client.ts'
import type { CommonOptions } from './common-options.ts'
import { CommandFault } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Options of `drain`. */
export interface DrainOptions extends CommonOptions {
  readonly worker?: string
  readonly pool?: string
  readonly undo?: boolean
}

/** `sluice drain` */
export async function runDrain(options: DrainOptions, terminal: Terminal): Promise<void> {
  const { worker, pool } = options
  const target = worker === undefined ? pool && { pool } : { workerId: worker }
  if (!target || (worker !== undefined && pool !== undefined)) throw new CommandFault('give either --worker or --pool')
  using gateway = await openGateway(options)
  const draining = options.undo !== true
  const { workerIds } = await gateway.call('Drain', { ...target, draining })
  if (terminal.json) terminal.value({ draining, workerIds })
  else terminal.line(`${draining ? 'draining' : 'working again'}: ${workerIds.join(', ') || '(no such worker)'}`)
}
