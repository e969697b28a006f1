import { GatewayError } from '#services/contract/errors'
import { composeScript } from '#services/platform/redis/compose-script'
import { loadScript, type Script } from '#services/platform/redis/script'
import type { ScriptCall } from '#services/state/dispatch/script-call'
import { bullmqScripts, batchLeaseKeys, batchLeasePrefix } from './bullmq-internals.ts'
import { priorityRanks, type Job } from './job.ts'
import { fairQueueKeys, separator } from './fair-queue-keys.ts'
import { readJob } from './read-job.ts'

/** How a leg is put into its pool's queue in Redis, with a batch lease where one is lacking. */
export interface PutCall {
  readonly script: Script
  /** The reply is read for what it means. @throws GatewayError Overloaded when the queue is full */
  callFor(pool: string, job: Job): ScriptCall<void>
}

/** Options of the queues. */
export interface PutOptions {
  readonly prefix: string
  /** Most legs that may wait in a pool, by pool. */
  readonly maxWaiting: ReadonlyMap<string, number>
  /** Called for a sheddable leg that had to make room in a full queue. */
  readonly onShed?: (job: Job) => void
}

const script = composeScript(
  {
    put: loadScript(import.meta.url, 'lua/fair-queue.lua', 'lua/put.lua'),
    add_batch_lease: bullmqScripts.addBatchLease,
  },
  loadScript(import.meta.url, 'lua/put-leg.lua'),
)

/** Makes the calls; every key is in the pool's slot. */
export function createPutCall({ prefix, maxWaiting, onShed }: PutOptions): PutCall {
  return {
    script,
    callFor(pool, job) {
      const { costMs, chargeMs, latestStartAt } = placeOf(job)
      const mostWaiting = maxWaiting.get(pool) ?? Number.MAX_SAFE_INTEGER
      const place = [costMs, chargeMs, latestStartAt, memberOf(job), mostWaiting, priorityRanks.sheddable]
      return {
        script,
        keys: [...fairQueueKeys(prefix, pool), ...batchLeaseKeys(prefix, pool).add],
        args: [job.legId, JSON.stringify(job), ...place, batchLeasePrefix(prefix, pool), Date.now()],
        read(reply) {
          const [word, , shed] = Array.isArray(reply) ? reply : []
          if (word === 'full') throw full(pool)
          const read = typeof shed === 'string' ? readJob(JSON.parse(shed)) : undefined
          if (read?.kind === 'job') onShed?.(read.job)
        },
      }
    },
  }
}

/** Within a class and tenant the queue is in order of deadlines; 15 digits of ms reach past the year 30000. */
export function memberOf({ priority, tenant, model, deadlineAt, legId }: Job): string {
  const deadline = Math.max(0, Math.floor(deadlineAt)).toString().padStart(15, '0')
  return [priority, encodeURIComponent(tenant), model, deadline, legId].join(separator)
}

function placeOf({ serviceMs = 1, weight = 1, deadlineAt, latestStartAt = deadlineAt }: Job): {
  readonly costMs: number
  readonly chargeMs: number
  readonly latestStartAt: number
} {
  const costMs = costOf(serviceMs)
  return { costMs, chargeMs: Math.max(1, Math.round(costMs / weight)), latestStartAt: Math.floor(latestStartAt) }
}

/** What a leg counts for in its queue. */
export function costOf(serviceMs = 1): number {
  return Math.max(1, Math.round(serviceMs))
}

function full(pool: string): GatewayError {
  return new GatewayError('Overloaded', `pool ${pool} is full`, { reason: 'QUEUE_FULL', retryAfterMs: 1000 })
}
