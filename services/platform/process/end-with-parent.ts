import { Worker } from 'node:worker_threads'
import { builtEntry } from './built-entry.ts'

/**
 * Ends this process soon after its parent has ended, whatever it computes. Losing the channel tells it too, but only
 * a process whose event loop turns: native runs and codecs that loop do not let it.
 */
export function endWithParent(): void {
  const watch = new Worker(builtEntry(import.meta.url, 'parent-watch'), {
    workerData: process.ppid,
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
  })
  watch.unref()
}
