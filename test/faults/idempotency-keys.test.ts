import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { playKeyedCalls, showKeyed } from '../support/faults/keyed-calls.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

let redis: PrivateRedis
let control: Redis
beforeEach(async () => {
  redis = await startPrivateRedis()
  control = new Redis(redis.socketPath)
})
afterEach(async () => {
  control?.disconnect()
  await redis?.stop()
})

/** How many keys are played; fewer on a machine with little time. */
const keys = Number(process.env['SLUICE_FAULTS_KEYS'] ?? 10_000)
const fewer = Math.ceil(keys / 10)

it.each([
  ['two routers', keys, {}],
  ['two routers of two processes each', fewer, { router: { processes: 2 } }],
  ['two routers that lease slices of budgets', fewer, { budgets: { escrow: 'auto' } }],
] as const)(
  '%s pay %i keys once each, whose callers leave, reset, run late and meet kills',
  { timeout: 1_800_000 },
  async (name, count, deployment) => {
    const play = { redisUrl: redis.url, redis: control, keys: count, keysAtOnce: 40, killEvery: 250, deployment }
    const report = await playKeyedCalls(play)
    showKeyed(`idempotency keys, ${name}`, report)
    expect(report).toMatchObject({ answered: count, dishonest: [], notPaidOnce: [], moneyOffNanoUsd: 0 })
  },
)
