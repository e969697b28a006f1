import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'

/** A main thread that works, or waits for a core, for more than this share of the time is helped. */
const busyShare = 0.5
const lookEveryMs = 250

/** What the choice is made from and how it is told; the process's own unless a test has others. */
export interface TuneCollectorPorts {
  /** Share of the time since the last call in which the event loop worked, 0 to 1. */
  readonly workedShare?: () => number
  readonly setFlag?: (flag: string) => void
}

/**
 * Fits V8's collector to a gateway, whose own objects are few and whose media are large. Flags are those of the
 * whole process, threads included; what is looked at is the main thread, where the requests are.
 *
 * Old objects: media count as growth of the heap, and a heap of 25 MB may grow by so little that three pictures
 * start a collection of all of it, on every core. It may grow to four times what a collection left; nearer to the
 * most that V8 may have, V8 grants less.
 *
 * Young objects: V8 wakes helpers on other cores for each collection of a millisecond or two. Where gateway, Redis
 * and model share few cores, a request alone waits longer for the waking than the help is worth, while a busy
 * thread gains by it: so it is helped when busy.
 */
export function tuneCollector({
  workedShare = workedSince(),
  setFlag = setFlagsFromString,
}: TuneCollectorPorts = {}): void {
  setFlag('--heap-growing-percent=300')
  let helped = true
  const choose = (busy: boolean): void => {
    if (busy === helped) return
    helped = busy
    setFlag(busy ? '--parallel-scavenge' : '--no-parallel-scavenge')
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
