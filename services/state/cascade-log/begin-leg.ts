import type { RequestId } from '#services/contract/ids'
import type { Beginning } from '#services/state/queue/redis-fair-queue'
import { loadScript } from '#services/platform/redis/script'
import { createCascadeKeys } from './cascade-keys.ts'
import type { BeginLeg } from './cascade-log.ts'

/** The step in which a worker begins a leg. */
export const beginLeg = loadScript(import.meta.url, 'lua/leg/begin-leg.lua')

/** How a worker's legs are begun in the step that takes them out of the queue. */
export function beginningOf(
  options: { readonly prefix: string; readonly maxDeaths: number },
  workerId: string,
): Beginning {
  const [before = '', after = ''] = createCascadeKeys(options.prefix)
    .cascade('*' as RequestId)
    .split('*')
  return { script: beginLeg, workerId, maxDeaths: options.maxDeaths, keyAround: [before, after] }
}

/** Parses the reply to the begin of a leg. */
export function beginOf(kind: string, attempt: number): BeginLeg {
  if (kind === 'run' || kind === 'ended' || kind === 'poison') return { kind, attempt }
  return { kind: kind === 'cancelled' || kind === 'expired' ? kind : 'gone' }
}
