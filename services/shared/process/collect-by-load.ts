import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'

/** A thread that works for more than this share of the time is helped. */
const busyShare = 0.5
const lookEveryMs = 250

/** What the choice is made from and how it is told; the process's own unless a test has others. */
export interface CollectByLoadPorts {
  /** Share of the time since the last call in which the event loop worked, 0 to 1. */
  readonly workedShare?: () => number
  readonly tellV8?: (flag: string) => void
}

/**
 * Lets a thread that has time to spare collect its young objects alone. V8 wakes helpers on other cores for each such collection, of a
 * millisecond or two: where gateway, Redis and model share few cores, a request alone waits longer for the waking than the help is worth,
 * while a busy thread gains by it.
 */
export function collectByLoad({ workedShare = workedSince(), tellV8 = setFlagsFromString }: CollectByLoadPorts = {}) {
  let helped = true
  const choose = (busy: boolean): void => {
    if (busy === helped) return
    helped = busy
    tellV8(busy ? '--parallel-scavenge' : '--no-parallel-scavenge')
  }
  choose(false)
  setInterval(() => choose(workedShare() > busyShare), lookEveryMs).unref()
}

function workedSince(): () => number {
  let before = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    return utilization
  }
}
