import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '#services/config/load-config'

/** What a command came to. */
export interface CliRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `sluice` as its users do; `input` is what they type. */
export function runCli(parameters: readonly string[], input?: string): Promise<CliRun> {
  const child = spawn(process.execPath, [join(packageRoot(), 'bin', 'sluice.js'), ...parameters], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(input)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString()))
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, stdout, stderr }))
  })
}
