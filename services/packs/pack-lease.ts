import { open, rename, rm, stat, utimes } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** How often a holder renews its lease. */
const beatMs = 2000
/**
 * A lease whose holder has not renewed it for this long is free: seven beats, for a machine that is busy
 * unpacking.
 */
const staleMs = 15_000
const pollEveryMs = 100

/**
 * Does work while no other process does work under the same path; waits for them. The holder touches the file as it
 * goes, so that one left by a killed process is told by its age, also from another container or machine on the same
 * disk. Taking over is not exact to the instant: what is done under a lease must bear being done twice.
 */
export async function underLease<T>(path: string, work: () => Promise<T>): Promise<T> {
  while (!(await take(path))) await sleep(pollEveryMs)
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {
      // It was taken over; the other does the same work and both end well.
    })
  }, beatMs)
  beat.unref()
  try {
    return await work()
  } finally {
    clearInterval(beat)
    await rm(path, { force: true })
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if (await isStale(path)) {
    // Of several that find it stale, one can move it away.
    const away = `${path}.${randomBytes(4).toString('hex')}`
    await rename(path, away).catch(() => {
      // Another was quicker.
    })
    await rm(away, { force: true })
  }
  return false
}

async function isStale(path: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > staleMs
  } catch {
    // Its holder has just released it.
    return false
  }
}
