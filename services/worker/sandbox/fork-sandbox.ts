import { fork, type ChildProcess } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { builtEntry } from '#services/platform/process/built-entry'
import type { CheckResult } from './check-order.ts'
import type { CallEnd } from './run-program.ts'
import type { SandboxMessage, TimedOrder } from './sandbox-process.ts'

/** A process that checks what nobody trusts, one answer at a time. */
export interface Sandbox {
  /**
   * Settles when it can be asked.
   * @throws Error when it could not be started
   */
  readonly ready: Promise<void>
  /** Settles when it can be asked no more. */
  readonly gone: Promise<void>
  /** Checks an answer; returns `undefined` when the process ended before the check began. */
  check(timed: TimedOrder, signal: AbortSignal): Promise<CheckEnd | undefined>
  kill(): void
  /** Whether it was killed, and may not have ended yet. */
  killed(): boolean
}

/** What came of a check, and whether the process may be asked again. */
export interface CheckEnd {
  readonly result: CheckResult
  readonly usable: boolean
}

/**
 * The interpreter looks at its clock between steps; one that is deep in a single step is killed after so much
 * longer.
 */
const programGraceMs = 500
/** A process starts, and makes an interpreter, in a tenth of this on a machine with time to spare. */
const startTimeoutMs = 10_000
/** Heap of the process itself; the interpreter's memory has a bound of its own. */
const heapMegabytes = 128
/**
 * The interpreter's calls are calls of Node's too: its own bound has to be met before Node's, which it does not
 * outlive. Half of what systems give.
 */
const stackKilobytes = 4000

/**
 * Starts a process for checks.
 * @throws GatewayError Config when there is no build
 */
export function forkSandbox(): Sandbox {
  const child = fork(sandboxEntry(), [], {
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
  return {
    ready: readyOf(child, gone),
    gone,
    check: (timed, signal) => checkIn(child, timed, signal),
    kill,
    killed: () => child.killed,
  }
}

function sandboxEntry(): string {
  return builtEntry(import.meta.url, 'sandbox-process')
}

function readyOf(child: ChildProcess, gone: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error('a process for checks could not be started'))
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

function checkIn(child: ChildProcess, timed: TimedOrder, signal: AbortSignal): Promise<CheckEnd | undefined> {
  const { order, timeoutMs } = timed
  return new Promise(resolve => {
    const ends: CallEnd[] = []
    let began = false
    const end = (usable: boolean, found: CheckResult = {}): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      child.off('message', onMessage).off('disconnect', stop)
      const calls = order.kind === 'program' ? { calls: order.calls.map((_, place) => ends[place] ?? stopped) } : {}
      resolve(began ? { result: { ...found, ...calls }, usable } : undefined)
    }
    const stop = (): void => end(false)
    const onMessage = (message: SandboxMessage): void => {
      if (message.kind === 'call') ends.push(message.end)
      else if (message.kind === 'ended') end(true, message.result)
      else if (message.kind === 'broke') end(false)
      if (message.kind !== 'began') return
      began = true
      clearTimeout(timer)
      timer = setTimeout(stop, timeoutMs + (order.kind === 'program' ? programGraceMs : 0))
    }
    let timer = setTimeout(stop, startTimeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    child.on('message', onMessage).once('disconnect', stop)
    child.send(timed, error => {
      if (error !== null) stop()
    })
  })
}

const stopped: CallEnd = { kind: 'stopped' }

/** Packages that the process loads. */
const packages = ['@jitl/quickjs-wasmfile-release-sync', 'quickjs-emscripten-core', '@jitl/quickjs-ffi-types', 'ajv']
/** What ajv loads. */
const packagesOfAjv = ['fast-deep-equal', 'fast-uri', 'json-schema-traverse', 'require-from-string']

/**
 * Node's own fence around the process, behind the interpreter's: it may read its libraries' files, write none, and
 * start nothing, no thread either, which would stand outside the fence.
 * @source Node.js documentation, "Permission Model"; `--permission` since 22.13, experimental before
 */
function permissions(): readonly string[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const flag = major > 22 || (major === 22 && minor >= 13) ? '--permission' : '--experimental-permission'
  const own = createRequire(import.meta.url)
  const ofAjv = createRequire(own.resolve('ajv'))
  const folders = [
    dirname(sandboxEntry()),
    ...packages.map(name => packageFolder(own.resolve(name), name)),
    ...packagesOfAjv.map(name => packageFolder(ofAjv.resolve(name), name)),
  ]
  return [flag, ...folders.map(folder => `--allow-fs-read=${realpathSync(folder)}${sep}*`)]
}

function packageFolder(entry: string, name: string): string {
  const tail = ['node_modules', ...name.split('/')].join(sep)
  return entry.slice(0, entry.lastIndexOf(tail + sep) + tail.length)
}
