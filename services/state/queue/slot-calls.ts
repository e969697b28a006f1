import type { LegId } from '#services/contract/ids'
import { composeScript } from '#services/platform/redis/compose-script'
import { loadScript } from '#services/platform/redis/script'
import type { ScriptCall } from '#services/state/dispatch/script-call'
import { bullmqScripts, batchLeaseKeys, batchLeasePrefix } from './bullmq-internals.ts'
import type { Job } from './job.ts'
import { fairQueueKey, fairQueueKeys } from './fair-queue-keys.ts'
import { costOf, memberOf } from './put-call.ts'

/** A slot that is asked for. */
export interface SlotOrder {
  readonly pool: string
  readonly job: Job
  /** Batches that the workers of the pool may have at work. */
  readonly concurrency: number
  /** Epoch ms until which the router is known to live. */
  readonly leaseUntil: number
}

const fairQueue = (name: string): ReturnType<typeof loadScript> =>
  loadScript(import.meta.url, 'lua/fair-queue.lua', `lua/${name}.lua`)

/** Takes a slot of a pool. */
export const takeSlotScript = fairQueue('slots/take-slot')

/** Gives a slot back. */
export const returnSlotScript = composeScript(
  {
    free_slot: fairQueue('slots/free-slot'),
    batch_leases_lacking: fairQueue('batch-leases-lacking'),
    add_batch_lease: bullmqScripts.addBatchLease,
  },
  loadScript(import.meta.url, 'lua/slots/return-slot.lua'),
)

/** The call that takes a slot; every key is in the pool's slot. */
export function takeSlotCall(prefix: string, { pool, job, concurrency, leaseUntil }: SlotOrder): ScriptCall<boolean> {
  return {
    script: takeSlotScript,
    keys: fairQueueKeys(prefix, pool),
    args: [job.legId, costOf(job.serviceMs), memberOf(job), concurrency, leaseUntil],
    read: reply => reply === 1,
  }
}

/** The call that gives it back. */
export function returnSlotCall(prefix: string, pool: string, legId: LegId): ScriptCall<boolean> {
  return {
    script: returnSlotScript,
    keys: [...fairQueueKeys(prefix, pool), ...batchLeaseKeys(prefix, pool).add],
    args: [legId, batchLeasePrefix(prefix, pool), Date.now()],
    read: reply => reply === 1,
  }
}

/** The key of a pool's slots: legs that their routers run, by the end of the leases on their slots. */
export function slotsKey(prefix: string, pool: string): string {
  return fairQueueKey(prefix, pool, 'express')
}
