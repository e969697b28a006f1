import { readFileSync } from 'node:fs'

/**
 * Memory of this process that is its own, in bytes: without files that are mapped, such as weights, which the system
 * takes back when it needs to. Where the system does not tell them apart it is all that is resident.
 */
export function privateMemoryBytes(): number {
  try {
    const kilobytes = /^RssAnon:\s+(\d+) kB$/mu.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    if (kilobytes !== undefined) return Number(kilobytes) * 1024
  } catch {
    // No Linux.
  }
  return process.memoryUsage.rss()
}
