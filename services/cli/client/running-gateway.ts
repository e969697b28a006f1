import { loadConfig } from '#services/config/load-config'
import { taskToWire } from '#services/wire/convert/to-wire'
import type { Task } from '#services/contract/content'
import type { Terminal } from '#services/cli/output/terminal'
import { openGateway } from './client.ts'
import type { CommonOptions } from './common-options.ts'
import { CommandFault, codeName } from './failure.ts'

/** A gateway on this machine answers at once, or is not there. */
const answersWithinMs = 3000

/**
 * The address of the configuration, if a gateway answers there whose models can do all the tasks.
 * @throws CommandFault when one answers and does not let this caller in
 */
export async function findRunningGateway(
  options: CommonOptions,
  tasks: ReadonlySet<Task>,
  terminal: Terminal,
): Promise<string | undefined> {
  const { config } = loadConfig(options.config)
  const address = config.listen.grpc
  using gateway = await openGateway(options)
  try {
    const { models } = await gateway.call('ListModels', {}, answersWithinMs)
    const known = new Set(models.flatMap(model => model.tasks))
    const missing = [...tasks].filter(task => !known.has(taskToWire(task)))
    if (missing.length === 0) {
      terminal.note(terminal.paint('dim', `using the gateway that runs at ${address}`))
      return address
    }
    terminal.note(`the gateway at ${address} has no model for ${missing.join(', ')}`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? codeName(Number(error.code)) : ''
    if (code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED') {
      throw new CommandFault(`the gateway at ${address} wants a key: give --key or SLUICE_API_KEY`, { cause: error })
    }
  }
  return undefined
}
