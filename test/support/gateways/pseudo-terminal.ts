import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { packageRoot } from '#services/config/load-config'

/** `sluice` on a screen: what it shows is read, and keys are typed. */
export interface OnScreen {
  /** Everything shown so far, without colours. */
  readonly shown: () => string
  /** Waits until the screen has shown something. @throws Error with the screen when the program ends before */
  until(what: RegExp): Promise<void>
  type(keys: string): void
  readonly exited: Promise<number | null>
  kill(): void
}

const program = `import os, pty, sys
def read(fd):
    return os.read(fd, 65536)
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))`

/** Node warns of these two, and nobody who sits at a screen has both. */
const { NO_COLOR: _none, FORCE_COLOR: _forced, ...inherited } = process.env

/** Why there is no screen to test on; `undefined` where there is one. */
export const screenMissing =
  spawnSync('python3', ['-c', 'import pty']).status === 0 ? undefined : 'python3 is not there, so no pseudo-terminal'

/** Runs `sluice` on a pseudo-terminal. */
export function runOnScreen(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): OnScreen {
  const command = [process.execPath, join(packageRoot(), 'bin', 'sluice.js'), ...parameters]
  const child = spawn('python3', ['-c', program, ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...inherited, TERM: 'xterm', ...environment },
  })
  let text = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece: Buffer) => {
      text += piece.toString()
      for (const listener of listeners) listener()
    })
  }
  const shown = (): string => stripVTControlCharacters(text).replaceAll('\r\n', '\n')
  const exited = new Promise<number | null>(resolve => child.once('close', resolve))
  return {
    shown,
    exited,
    until: what =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!what.test(shown())) return
          listeners.delete(check)
          resolve()
        }
        listeners.add(check)
        void exited.then(code =>
          reject(new Error(`it ended with ${code} and never showed ${what.source}:\n${shown()}`)),
        )
        check()
      }),
    type: keys => void child.stdin.write(keys),
    kill: () => void child.kill('SIGKILL'),
  }
}
