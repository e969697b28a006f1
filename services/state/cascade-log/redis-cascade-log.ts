import { parseLegId, parseRequestId } from '#services/contract/ids'
import { isOneServer, type RedisConnection } from '#services/platform/redis/connect'
import { passOver, type OnUnreadable } from '#services/platform/redis/pass-over'
import { onRedis } from '#services/platform/redis/run-command'
import { composeScript } from '#services/platform/redis/compose-script'
import { runTogether } from '#services/platform/redis/together/run-together'
import { loadScript, runScript, type Script } from '#services/platform/redis/script'
import { beginLeg, beginOf } from './begin-leg.ts'
import { cascadeStateOf, pairUp, textsOf } from './cascade-fields.ts'
import { createCascadeKeys, type CascadeKeys } from './cascade-keys.ts'
import type { CascadeEnd, CascadeLog } from './cascade-log.ts'
import { endLegScript } from './end-leg.ts'
import { createOpenCall, openGraceMs, openScript } from './open-call.ts'
import { createReaders, takeOne } from './read-cascades.ts'

/** How long things are kept. */
export interface CascadeLogOptions {
  readonly prefix: string
  /** A leg that took so many workers with it is poison. */
  readonly maxDeaths: number
  /** An ended cascade of a waiting caller stays this long, for feedback and late receipts. */
  readonly syncTtlMs: number
  /** An ended job, and whatever has an idempotency key, stays this long. */
  readonly asyncTtlMs: number
  readonly deadTtlMs: number
  /** Hears of a record that is not what a cascade's is. Only its own request is lost by it. */
  readonly onUnreadable?: OnUnreadable
}

const load = (name: string): Script => loadScript(import.meta.url, `lua/${name}.lua`)
const finish = load('finish')
const scripts = {
  forbid: load('forbid'),
  planLeg: load('leg/plan-leg'),
  beginLeg,
  endLeg: endLegScript,
  endAndTell: composeScript({ end_leg: endLegScript }, load('leg/end-and-tell')),
  leaveReceipt: load('leg/leave-receipt'),
  abandonLeg: load('leg/abandon-leg'),
  recordVerdict: load('leg/record-verdict'),
  finish,
  finishAndLeave: composeScript({ finish }, load('finish-and-leave')),
  cancel: load('cancel'),
  renew: load('renew'),
  bindKey: load('bind-key'),
  releaseKey: load('release-key'),
}

/**
 * The cascade log in Redis: one hash a cascade, changed by Lua alone; two indexes beside it, which may run ahead of the
 * hashes but never behind.
 */
export function createRedisCascadeLog(options: CascadeLogOptions, redis: RedisConnection): CascadeLog {
  const keys = createCascadeKeys(options.prefix)
  return {
    ...routerSide(options, redis, keys),
    ...workerSide(options, redis, keys),
    ...createReaders(options, redis, keys),
    ...keyring(options, redis, keys),
  }
}

function routerSide(
  options: CascadeLogOptions,
  redis: RedisConnection,
  keys: CascadeKeys,
): Pick<
  CascadeLog,
  'open' | 'forbid' | 'planLeg' | 'recordVerdict' | 'abandonLeg' | 'finish' | 'cancel' | 'renew' | 'takeOver'
> {
  const oneServer = isOneServer(redis)
  const opening = createOpenCall(keys)
  return {
    async open(request, plan, firstLeg, owner) {
      const { script, keys: both, args, read } = opening.callFor(request, plan, firstLeg, owner)
      if (oneServer) return read(await runScript(redis, script, both, args))
      // The index first: an entry without a cascade is dropped by the next take-over, a cascade without an entry would
      // be forgotten.
      const [, opened] = await Promise.all([
        onRedis(() => redis.zadd(keys.open, owner.leaseUntil, request.requestId)),
        runScript(redis, openScript, both.slice(0, 1), args.slice(0, -1)),
      ])
      return opened === 1
    },
    forbid: requestId => isOne(runScript(redis, scripts.forbid, [keys.cascade(requestId)], [openGraceMs])),
    planLeg: (requestId, leg, epoch) =>
      isOne(runScript(redis, scripts.planLeg, [keys.cascade(requestId)], [leg.index, JSON.stringify(leg), epoch])),
    recordVerdict: (requestId, index, report, epoch) =>
      isOne(runScript(redis, scripts.recordVerdict, [keys.cascade(requestId)], [index, JSON.stringify(report), epoch])),
    async abandonLeg(legId, lostAttempt, end, epoch) {
      const leg = parseLegId(legId)
      if (leg === undefined) return false
      const args = [leg.index, lostAttempt, JSON.stringify(end), epoch]
      return (await runScript(redis, scripts.abandonLeg, [keys.cascade(leg.requestId)], args)) === 'abandoned'
    },
    async finish(requestId, end, epoch, nowMs) {
      const dead = end.kind === 'failed' && end.dead
      if (dead) await onRedis(() => redis.zadd(keys.dead, nowMs, requestId))
      const args = [JSON.stringify(end), epoch, nowMs, ...ttlsOf(end, options)]
      const key = keys.cascade(requestId)
      if (oneServer) {
        const call = { script: scripts.finishAndLeave, keys: [key, keys.open], args: [...args, requestId] }
        return isOne(runTogether(redis, 'tick', call))
      }
      const finished = await isOne(runScript(redis, scripts.finish, [key], args))
      if (finished) void onRedis(() => redis.zrem(keys.open, requestId)).catch(ignoreAway)
      return finished
    },
    async cancel(requestId) {
      const flat = await runScript(redis, scripts.cancel, [keys.cascade(requestId)], [])
      return cascadeStateOf(pairUp(textsOf(flat)))?.legs
    },
    async renew(requestIds, owner) {
      if (requestIds.length === 0) return []
      await onRedis(() => redis.zadd(keys.open, ...requestIds.flatMap(id => [owner.leaseUntil, id])))
      const kept = await Promise.all(
        requestIds.map(id =>
          isOne(runScript(redis, scripts.renew, [keys.cascade(id)], [owner.name, owner.leaseUntil])),
        ),
      )
      return requestIds.filter((_, index) => kept[index] !== true)
    },
    async takeOver(owner, nowMs, limit) {
      const due = await onRedis(() => redis.zrangebyscore(keys.open, '-inf', nowMs, 'LIMIT', 0, limit))
      const taken = await Promise.all(
        due.map(id => takeOne({ redis, keys }, id, owner, nowMs).catch(passOver(id, options.onUnreadable))),
      )
      return taken.filter(state => state !== undefined)
    },
  }
}

function workerSide(
  { maxDeaths }: CascadeLogOptions,
  redis: RedisConnection,
  keys: CascadeKeys,
): Pick<CascadeLog, 'beginLeg' | 'endLeg' | 'leaveReceipt'> {
  return {
    async beginLeg(legId, workerId, nowMs) {
      const leg = parseLegId(legId)
      if (leg === undefined) return { kind: 'gone' }
      const args = [leg.index, workerId, nowMs, maxDeaths]
      const reply = await runScript(redis, scripts.beginLeg, [keys.cascade(leg.requestId)], args)
      const [kind, attempt] = Array.isArray(reply) ? reply : []
      return beginOf(String(kind), Number(attempt))
    },
    async endLeg(legId, attempt, end, notice) {
      const leg = parseLegId(legId)
      if (leg === undefined) return 'gone'
      const key = keys.cascade(leg.requestId)
      const args = [leg.index, attempt, JSON.stringify(end), end.receipt.costNanoUsd]
      const ending =
        notice === undefined
          ? runScript(redis, scripts.endLeg, [key], args)
          : runScript(
              redis,
              scripts.endAndTell,
              [key, notice.boxKey],
              [...args, notice.mostUnread, notice.head, notice.longestEndBytes],
            )
      const reply = await ending
      return reply === 'recorded' || reply === 'fenced' ? reply : 'gone'
    },
    async leaveReceipt(legId, attempt, costNanoUsd) {
      const leg = parseLegId(legId)
      if (leg === undefined) return
      const args = [leg.index, attempt, costNanoUsd]
      await runScript(redis, scripts.leaveReceipt, [keys.cascade(leg.requestId)], args)
    },
  }
}

function keyring(
  { asyncTtlMs }: CascadeLogOptions,
  redis: RedisConnection,
  keys: CascadeKeys,
): Pick<CascadeLog, 'bindKey' | 'releaseKey'> {
  return {
    async bindKey(tenant, key, requestId, fingerprint) {
      const wanted = `${requestId} ${fingerprint}`
      const bound = await runScript(redis, scripts.bindKey, [keys.idempotency(tenant, key)], [wanted, asyncTtlMs])
      const [id = '', print = ''] = String(bound).split(' ')
      return { requestId: parseRequestId(id) ?? requestId, fingerprint: print }
    },
    async releaseKey(tenant, key, requestId) {
      await runScript(redis, scripts.releaseKey, [keys.idempotency(tenant, key)], [requestId])
    },
  }
}

/** Times to live of an ended cascade: of one that a waiting caller made, and of one that somebody may come back for. */
function ttlsOf(end: CascadeEnd, { syncTtlMs, asyncTtlMs, deadTtlMs }: CascadeLogOptions): readonly [number, number] {
  return end.kind === 'failed' && end.dead ? [deadTtlMs, deadTtlMs] : [syncTtlMs, asyncTtlMs]
}

async function isOne(reply: Promise<unknown>): Promise<boolean> {
  return (await reply) === 1
}

/** The entry of an ended cascade that could not be removed is removed by the next take-over. */
function ignoreAway(): void {}
