import { fork, type ChildProcess } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import type { JudgeMail } from './judge-process.ts'
import { findJudgeEntry } from './judge-entry.ts'
import type { CallEnd, ProgramRun } from './run-program.ts'

/** Processes that run programs nobody trusts. */
export interface Judges {
  /**
   * Runs a program; one end a call, in order. A process that does not stop in time is killed, and what it had not ended is stopped.
   * @throws Error when no process can be started; the signal's own error when it is aborted
   */
  run(run: ProgramRun, signal: AbortSignal): Promise<readonly CallEnd[]>
  close(): void
}

/** How many programs run side by side at most. */
export interface JudgesOptions {
  readonly processes: number
}

/** The engine looks at its clock between steps; one that is deep in a single step is killed after so much longer. */
const graceMs = 500
/** A process starts in a tenth of this on a machine with time to spare. */
const startTimeoutMs = 10_000
/** Heap of the process itself; the engine's memory has a bound of its own. */
const heapMegabytes = 128

/** Makes the processes as they are wanted; they stay for the next program until they have to be killed. */
export function createJudges({ processes }: JudgesOptions): Judges {
  const idle: Judge[] = []
  const waiting: (() => void)[] = []
  let busy = 0
  let closed = false

  const runNow = async (run: ProgramRun, signal: AbortSignal): Promise<readonly CallEnd[]> => {
    const judge = idle.pop() ?? (await startJudge())
    const { ends, usable } = await judge.run(run, signal)
    if (usable && !closed) idle.push(judge)
    else judge.kill()
    signal.throwIfAborted()
    return ends
  }

  return {
    async run(run, signal) {
      if (busy >= processes) await turn(waiting, signal)
      else busy += 1
      try {
        signal.throwIfAborted()
        return await runNow(run, signal)
      } finally {
        const next = waiting.shift()
        if (next === undefined) busy -= 1
        else next()
      }
    },
    close() {
      closed = true
      for (const judge of idle.splice(0)) judge.kill()
    },
  }
}

/** Waits for a place; one who leaves gives up the wait, not a place that was given already. */
function turn(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = (): void => {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    const leave = (): void => {
      const place = waiting.indexOf(take)
      if (place === -1) return
      waiting.splice(place, 1)
      // What the signal says is passed on as it is.
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      reject(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true })
    waiting.push(take)
  })
}

interface Judge {
  run(run: ProgramRun, signal: AbortSignal): Promise<{ readonly ends: readonly CallEnd[]; readonly usable: boolean }>
  kill(): void
}

function startJudge(): Promise<Judge> {
  const child = fork(findJudgeEntry(), [], {
    execArgv: [...permissions(), `--max-old-space-size=${heapMegabytes}`],
    // Nothing of the worker's: no secrets in variables, no terminal, no folder.
    env: {},
    cwd: sep,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      child.kill('SIGKILL')
      reject(new Error('a process for programs could not be started'))
    }
    const timer = setTimeout(fail, startTimeoutMs)
    child.once('error', fail).once('exit', fail)
    child.once('message', () => {
      clearTimeout(timer)
      child.off('error', fail).off('exit', fail)
      child.on('error', () => {})
      // It waits for work, which is no reason for the worker to stay.
      child.unref()
      child.channel?.unref()
      resolve(judgeOf(child))
    })
  })
}

function judgeOf(child: ChildProcess): Judge {
  return {
    run: ({ program, calls, timeoutMs }, signal) =>
      new Promise(resolve => {
        const ends: CallEnd[] = []
        const end = (usable: boolean): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', stop)
          child.off('message', hear).off('exit', stop)
          resolve({ ends: calls.map((_, place) => ends[place] ?? { kind: 'stopped' }), usable })
        }
        const stop = (): void => end(false)
        const hear = (mail: JudgeMail): void => {
          if (mail.kind === 'call') ends.push(mail.end)
          if (mail.kind === 'ended') end(true)
        }
        const timer = setTimeout(stop, timeoutMs + graceMs)
        signal.addEventListener('abort', stop, { once: true })
        child.on('message', hear).once('exit', stop)
        child.send({ program, calls, timeoutMs }, error => {
          if (error !== null) stop()
        })
      }),
    kill: () => void child.kill('SIGKILL'),
  }
}

/**
 * Node's own fence around the process, behind the interpreter's: it may read the engine's files, write none, and start nothing.
 * @source Node.js documentation, "Permission Model"; `--permission` since 22.13, experimental before
 */
function permissions(): readonly string[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const flag = major > 22 || (major === 22 && minor >= 13) ? '--permission' : '--experimental-permission'
  const own = createRequire(import.meta.url)
  const packages = ['@jitl/quickjs-wasmfile-release-sync', 'quickjs-emscripten-core', '@jitl/quickjs-ffi-types']
  const folders = [dirname(findJudgeEntry()), ...packages.map(name => packageFolder(own.resolve(name), name))]
  return [flag, ...folders.map(folder => `--allow-fs-read=${realpathSync(folder)}${sep}*`)]
}

function packageFolder(entry: string, name: string): string {
  const tail = name.split('/').join(sep)
  return entry.slice(0, entry.lastIndexOf(tail) + tail.length)
}
