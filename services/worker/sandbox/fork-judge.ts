import { fork, type ChildProcess } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import type { JudgeMail } from './judge-process.ts'
import { builtEntry } from '#services/platform/process/built-entry'
import type { CallEnd, ProgramRun } from './run-program.ts'

/** A process that runs programs nobody trusts, one at a time. */
export interface Judge {
  /**
   * Settles when it can be asked.
   * @throws Error when it could not be started
   */
  readonly ready: Promise<void>
  /** Settles when it can be asked no more. */
  readonly gone: Promise<void>
  /** Runs a program; gives nothing when the process went before it began, which says nothing about the program. */
  run(run: ProgramRun, signal: AbortSignal): Promise<RunEnd | undefined>
  kill(): void
}

/** One end a call, in order, and whether the process may be asked again. */
export interface RunEnd {
  readonly ends: readonly CallEnd[]
  readonly usable: boolean
}

/** The engine looks at its clock between steps; one that is deep in a single step is killed after so much longer. */
const graceMs = 500
/** A process starts, and makes an engine, in a tenth of this on a machine with time to spare. */
const startTimeoutMs = 10_000
/** Heap of the process itself; the engine's memory has a bound of its own. */
const heapMegabytes = 128
/** The engine's calls are calls of Node's too: its own bound has to be met before Node's, which it does not outlive. Half of what systems give. */
const stackKilobytes = 4000

/**
 * Starts a process for programs.
 * @throws GatewayError Config when there is no build
 */
export function forkJudge(): Judge {
  const child = fork(judgeEntry(), [], {
    execArgv: [...permissions(), `--max-old-space-size=${heapMegabytes}`, `--stack-size=${stackKilobytes}`],
    // Nothing of the worker's: no secrets in variables, no terminal, no folder.
    env: {},
    cwd: sep,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const kill = (): void => void child.kill('SIGKILL')
  const gone = new Promise<void>(resolve => {
    const leave = (): void => {
      kill()
      resolve()
    }
    child.on('error', leave).once('disconnect', leave).once('exit', leave)
  })
  return { ready: readyOf(child, gone), gone, run: (run, signal) => runIn(child, run, signal), kill }
}

function readyOf(child: ChildProcess, gone: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error('a process for programs could not be started'))
    }
    const timer = setTimeout(fail, startTimeoutMs)
    void gone.then(fail)
    child.once('message', () => {
      clearTimeout(timer)
      // It waits for work, which is no reason for the worker to stay.
      child.unref()
      child.channel?.unref()
      resolve()
    })
  })
}

function runIn(child: ChildProcess, run: ProgramRun, signal: AbortSignal): Promise<RunEnd | undefined> {
  return new Promise(resolve => {
    const ends: CallEnd[] = []
    let began = false
    const end = (usable: boolean): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      child.off('message', hear).off('disconnect', stop)
      resolve(began ? { ends: run.calls.map((_, place) => ends[place] ?? { kind: 'stopped' }), usable } : undefined)
    }
    const stop = (): void => end(false)
    const hear = (mail: JudgeMail): void => {
      if (mail.kind === 'call') ends.push(mail.end)
      if (mail.kind === 'ended' || mail.kind === 'broke') end(mail.kind === 'ended')
      if (mail.kind !== 'began') return
      began = true
      clearTimeout(timer)
      timer = setTimeout(stop, run.timeoutMs + graceMs)
    }
    let timer = setTimeout(stop, startTimeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    child.on('message', hear).once('disconnect', stop)
    child.send(run, error => {
      if (error !== null) stop()
    })
  })
}

/**
 * Node's own fence around the process, behind the interpreter's: it may read the engine's files, write none, and start nothing, no thread
 * either, which would stand outside the fence.
 * @source Node.js documentation, "Permission Model"; `--permission` since 22.13, experimental before
 */
function permissions(): readonly string[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const flag = major > 22 || (major === 22 && minor >= 13) ? '--permission' : '--experimental-permission'
  const own = createRequire(import.meta.url)
  const packages = ['@jitl/quickjs-wasmfile-release-sync', 'quickjs-emscripten-core', '@jitl/quickjs-ffi-types']
  const folders = [dirname(judgeEntry()), ...packages.map(name => packageFolder(own.resolve(name), name))]
  return [flag, ...folders.map(folder => `--allow-fs-read=${realpathSync(folder)}${sep}*`)]
}

function packageFolder(entry: string, name: string): string {
  const tail = name.split('/').join(sep)
  return entry.slice(0, entry.lastIndexOf(tail) + tail.length)
}

function judgeEntry(): string {
  return builtEntry(import.meta.url, 'judge-process')
}
