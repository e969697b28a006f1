import { fork, type ChildProcess } from 'node:child_process'

/** A process that computes for this one, as this one sees it. */
export interface ComputingProcess<ToChild> {
  /** Resolves with the reason when the process is no more. */
  readonly died: Promise<string>
  /** Sends a message; one that comes too late for a process that has ended is dropped. */
  send(message: ToChild): void
  /** Ends the process at once, whatever it computes. */
  kill(): void
  /** Whether this process stays for it. A process that computes something wanted is stayed for. */
  stay(wanted: boolean): void
}

/** How a computing process is started. */
export interface ComputingProcessOptions<FromChild> {
  /** Built JavaScript of its entry. */
  readonly entry: string
  readonly parameters?: readonly string[]
  readonly onMessage: (message: FromChild) => void
}

const living = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/**
 * Starts a process for work that cannot be stopped otherwise. A native run, such as one of ONNX Runtime, ends only
 * by itself: the thread that is inside it cannot be terminated, and `process.exit()` waits for it and then aborts.
 * A process is killed with all of it. It inherits the environment, so that settings of native libraries reach them,
 * and ends with this process.
 */
export function startComputingProcess<ToChild extends object, FromChild>(
  options: ComputingProcessOptions<FromChild>,
): ComputingProcess<ToChild> {
  const child = fork(options.entry, [...(options.parameters ?? [])], {
    execArgv: [],
    // Typed arrays and media travel as bytes.
    serialization: 'advanced',
    // Standard output is the supervisor's and the command line's.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  living.add(child)
  const kill = (): void => {
    // Keep this process alive until waiters have got the exit, though nothing else does.
    child.ref()
    child.kill('SIGKILL')
  }
  const died = new Promise<string>(resolve => {
    const leave = (reason: string): void => {
      living.delete(child)
      resolve(reason)
    }
    child.once('error', error => {
      kill()
      leave(error.message)
    })
    child.once('exit', (code, signal) => leave(signal ?? `exit code ${code}`))
    // A process without its channel cannot report results.
    child.once('disconnect', kill)
  })
  child.on('message', message => options.onMessage(message as FromChild))
  return {
    died,
    send(message) {
      if (child.connected) child.send(message, ignore)
    },
    kill,
    stay(wanted) {
      if (wanted) {
        child.ref()
        child.channel?.ref()
      } else {
        child.unref()
        child.channel?.unref()
      }
    },
  }
}

/** Its end is reported through `died`. */
function ignore(): void {}
