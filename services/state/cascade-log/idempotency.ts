import type { CascadeEnd } from './cascade-log.ts'

/**
 * Whether an idempotency key stays bound to a run that ended so. An answer stays, and so does a fault of the
 * content, which no repetition mends. Every other end frees the key: time was over, the run was cancelled, or the
 * service could not serve it then.
 */
export function keepsKey(end: CascadeEnd): boolean {
  return end.kind === 'answered' || (end.kind === 'failed' && end.code === 'InvalidRequest')
}

/**
 * Whether a duplicate that waits takes over after such an end: it came from another caller's leaving or deadline,
 * and says nothing about this one.
 */
export function isTakenOver(end: CascadeEnd): boolean {
  return end.kind === 'cancelled' || (end.kind === 'failed' && (end.code === 'Deadline' || end.code === 'Cancelled'))
}
