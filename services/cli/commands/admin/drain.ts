import { openGateway } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { CommandFault } from '#services/cli/client/failure'
import type { Terminal } from '#services/cli/output/terminal'

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
