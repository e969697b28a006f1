/**
 * V8's flags for routers and workers, on the command line that starts them (supervisor, image, compose, chart).
 *
 * Media count as growth of the heap, and a heap of 25 MB may grow by so little that three pictures start a collection
 * of all of it: it may grow to four times what a collection left. V8 wakes helpers on other cores for each collection
 * of young objects, of a millisecond or two: where gateway, Redis and model share few cores, a request waits longer
 * for the waking than the help is worth. Measured in docs/decisions/v8-collector.md.
 */
export const serviceFlags: readonly string[] = ['--heap-growing-percent=300', '--no-parallel-scavenge']

/** The flags of a service that this process was started without. */
export function missingServiceFlags(given: readonly string[] = process.execArgv): readonly string[] {
  return serviceFlags.filter(flag => !given.includes(flag))
}
