import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** How much longer work took than on an idle machine. */
export interface MachineDelay {
  /** Time that passed over processor time that was used: 1 on an idle machine. */
  readonly slowdown: number
  /** The longest that one piece of work had to wait. */
  readonly worstMs: number
}

/** Watches the machine; `stop` tells what it was like. */
export interface MachineDelayWatch {
  stop(): Promise<MachineDelay>
}

/** Starts watching: what a machine does to a process with little work, it does to every process of a play. */
export function watchMachineDelay(): MachineDelayWatch {
  const child = fork(fileURLToPath(new URL('steady-work.mjs', import.meta.url)))
  return {
    async stop() {
      child.send('stop')
      const [delay] = (await once(child, 'message')) as [MachineDelay]
      child.kill('SIGKILL')
      return delay
    },
  }
}

/**
 * What a bound of an idle machine is on this one. Half of a bound is for time-outs, which no load stretches; the
 * rest is for work.
 */
export function onThisMachine(boundMs: number, { slowdown }: MachineDelay): number {
  return boundMs * (timeOutShare + (1 - timeOutShare) * Math.max(1, slowdown))
}

const timeOutShare = 0.5
