import type { LoadedConfig } from '#services/config/load-config'
import { GatewayError, isGatewayError } from '#services/contract/errors'
import { createLiveLine } from '#services/cli/output/live-line'
import type { Terminal } from '#services/cli/output/terminal'
import type { LogFile } from './log-file.ts'
import { createLogLines } from './log-lines.ts'
import { createStartProgress } from './start-progress.ts'
import { startSystem, type System, type SystemOptions } from './system.ts'

/** What is shown of a start. */
export interface StartView extends SystemOptions {
  readonly file: LogFile
  readonly verbose?: boolean
  readonly quiet?: boolean
}

/**
 * Starts a system, shows on a screen how far it is, and keeps its log in a file.
 * @throws GatewayError Config, with the name of the log, when it cannot start
 */
export async function startVisibly(
  loaded: LoadedConfig,
  { file, verbose = false, quiet = false, ...options }: StartView,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<System> {
  const live = createLiveLine()
  const lines = createLogLines(terminal, { file, live, verbose, quiet })
  const progress = terminal.screen ? createStartProgress(loaded.config, live) : undefined
  const state = { starting: true }
  const onLine = (name: string, line: string): void => {
    lines.onLine(name, line)
    if (state.starting) progress?.onLine(name, line)
  }
  try {
    return await startSystem(loaded, options, { ...lines, onLine }, signal)
  } catch (error) {
    if (!isGatewayError(error) || error.code !== 'Config') throw error
    throw new GatewayError('Config', `${error.message}\nthe log is in ${file.path}`, {}, { cause: error })
  } finally {
    state.starting = false
    live.clear()
  }
}
