import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '#services/config/load-config'
import { GatewayError } from '#services/contract/errors'
import type { Terminal } from '#services/cli/output/terminal'

/** Options of `bench`; the others are the runner's own. */
export interface BenchOptions {
  /** File that the figures are written to. */
  readonly json?: unknown
  readonly quick?: boolean
}

/** Decision time, the queue's hop, and a call from end to end. */
const usual = ['decide', 'hop', 'through'] as const

/**
 * `sluice bench`: the project's own bench, in a process of its own.
 * @throws GatewayError Config where it is not installed, as in an image
 */
export async function runBench(options: BenchOptions, _terminal: Terminal, ...names: string[]): Promise<void> {
  const runner = join(packageRoot(), 'test', 'bench', 'run.mjs')
  if (!existsSync(runner))
    throw new GatewayError('Config', 'the bench is not part of this installation: run it in a checkout')
  const parameters = [
    ...(names.length === 0 ? usual : names),
    ...(options.quick === true ? ['--quick'] : []),
    ...(typeof options.json === 'string' ? ['--json', options.json] : []),
  ]
  const child = spawn(process.execPath, [runner, ...parameters], { stdio: 'inherit' })
  process.exitCode = await new Promise<number>(resolve => {
    child.once('exit', code => resolve(code ?? 1))
  })
}
