import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'
import { configExitCode } from '#services/platform/process/run-service'

/** A process to keep running. */
export interface ProcessSpec {
  readonly name: string
  readonly command: string
  readonly parameters: readonly string[]
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** How it reports that it is ready: by a line `ready` on standard output, or when this resolves. */
  readonly ready: 'line' | (() => Promise<void>)
}

/** Events while it runs. */
export interface ProcessEvents {
  /** One line of its log. */
  readonly onLine: (name: string, line: string) => void
  /** It ended by itself and will be started again. */
  readonly onRestart: (name: string, why: string, inMs: number) => void
}

/** A process that is kept running. */
export interface Supervised {
  readonly name: string
  /** Resolves at the first readiness. Rejects when it cannot start. */
  readonly ready: Promise<void>
  /** Ends it: SIGTERM, and SIGKILL after `graceMs`. */
  stop(graceMs: number): Promise<void>
  /** Ends it now. */
  kill(): void
}

const firstPauseMs = 200
const longestPauseMs = 5000
/** One that ran this long was well: its next crash is a first one. */
const wellAfterMs = 30_000
/** A process that crashed so often before it was ever ready will not get better by itself. */
const startAttempts = 5
/** The rest of a line does not explain why a program did not start. */
const longestLastLine = 300

/**
 * Keeps one process running: starts it again when it crashes, with growing pauses. The child stands in a process
 * group of its own, so that Ctrl-C reaches only the supervisor; it ends by itself when its standard input closes,
 * as when the supervisor was killed.
 */
export function supervise(spec: ProcessSpec, events: ProcessEvents): Supervised {
  const state = { stopping: false, wasReady: false, crashes: 0 }
  let child: ChildProcess | undefined
  let exited: Promise<void> = Promise.resolve()
  let pause: NodeJS.Timeout | undefined
  let exitReason = ''
  let lastLine = ''
  const outcome: { settle?: (failure?: Error) => void } = {}
  const ready = new Promise<void>((resolve, reject) => {
    outcome.settle = failure => (failure === undefined ? resolve() : reject(failure))
  })
  ready.catch(() => {
    // Its starter gets the error through the same promise.
  })

  const becameReady = (): void => {
    state.wasReady = true
    outcome.settle?.()
  }
  const failed = (why: string): void => {
    const reason = exitReason || [why, ...(lastLine === '' ? [] : [`its last line: ${lastLine}`])].join('; ')
    outcome.settle?.(new GatewayError('Config', `${spec.name}: ${reason}`))
  }

  const launch = (): void => {
    const startedAt = Date.now()
    const current = spawn(spec.command, [...spec.parameters], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      ...(spec.environment === undefined ? {} : { env: { ...spec.environment } }),
    })
    child = current
    current.stdin.on('error', () => {
      // It has ended; its exit is what counts.
    })
    createInterface({ input: current.stdout }).on('line', line => {
      if (spec.ready === 'line' && line === 'ready') {
        becameReady()
        return
      }
      lastLine = line.slice(0, longestLastLine)
      events.onLine(spec.name, line)
    })
    createInterface({ input: current.stderr }).on('line', line => {
      exitReason = exitReasonOf(line) ?? exitReason
      lastLine = line.slice(0, longestLastLine)
      events.onLine(spec.name, line)
    })
    if (spec.ready !== 'line') spec.ready().then(becameReady, error => failed(String(error)))
    exited = new Promise(resolve => {
      const ended = (code: number | null, why: string): void => {
        resolve()
        if (!state.stopping) again(code, why, startedAt)
      }
      current.once('error', error => ended(null, error.message))
      current.once('exit', (code, signal) => {
        endGroup(current.pid)
        ended(code, signal === null ? `exit code ${code}` : signal)
      })
    })
  }

  const again = (code: number | null, why: string, startedAt: number): void => {
    state.crashes = Date.now() - startedAt > wellAfterMs ? 1 : state.crashes + 1
    if (!state.wasReady && (code === configExitCode || state.crashes >= startAttempts)) {
      failed(`it ended with ${why}`)
      return
    }
    const inMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (state.crashes - 1))
    events.onRestart(spec.name, why, inMs)
    pause = setTimeout(launch, inMs)
  }

  launch()
  return {
    name: spec.name,
    ready,
    async stop(graceMs) {
      state.stopping = true
      clearTimeout(pause)
      child?.kill('SIGTERM')
      const timer = setTimeout(() => child?.kill('SIGKILL'), graceMs)
      await exited
      clearTimeout(timer)
    },
    kill() {
      state.stopping = true
      clearTimeout(pause)
      child?.kill('SIGKILL')
    },
  }
}

/** Ends what a process that was killed has left of its group, such as a model inside a run, which hears of nothing. */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // Nothing is left.
  }
}

const fatalLine = z.object({ level: z.literal('fatal'), msg: z.string() })

/** A child's exit reason: the text of the fatal line of its log. */
function exitReasonOf(line: string): string | undefined {
  if (!line.includes('"fatal"')) return undefined
  try {
    return fatalLine.safeParse(JSON.parse(line)).data?.msg
  } catch {
    // Not a line of the log.
    return undefined
  }
}
