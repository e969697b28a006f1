import { quantile } from './system.mjs'

/**
 * Calls over and over from so many slots for some time; gives the calls' times, the calls a second, and how many
 * failed, and why the first did.
 */
export async function closedLoop(call, { concurrency, seconds, most = Number.POSITIVE_INFINITY }) {
  const times = []
  let failed = 0
  let fault
  let begun = 0
  const startedAt = performance.now()
  const endAt = startedAt + seconds * 1000
  const lane = async () => {
    while (performance.now() < endAt && begun < most) {
      begun += 1
      const callAt = performance.now()
      try {
        await call()
        times.push(performance.now() - callAt)
      } catch (error) {
        failed += 1
        fault ??= error.message
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  const elapsed = (performance.now() - startedAt) / 1000
  return { times, failed, fault, perSecond: times.length / elapsed }
}

/**
 * Runs every way in turns, so that a machine which grows busier or hotter does so for all of them; gives what each
 * way measured, turn by turn.
 */
export async function interleave(variants, turns, measure) {
  const seen = new Map(Object.keys(variants).map(name => [name, []]))
  for (let turn = 0; turn < turns; turn += 1) {
    const order = turn % 2 === 0 ? Object.keys(variants) : Object.keys(variants).toReversed()
    for (const name of order) seen.get(name).push(await measure(variants[name], name, turn))
  }
  return seen
}

/** The middle of some numbers. */
export function medianOf(numbers) {
  return quantile(numbers, 0.5)
}
