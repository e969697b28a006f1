import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { playKeyedCalls, showKeyed } from '../support/faults/keyed-calls.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

let redis: PrivateRedis
let control: Redis
beforeAll(async () => {
  redis = await startPrivateRedis()
  control = new Redis(redis.socketPath)
})
afterAll(async () => {
  control?.disconnect()
  await redis?.stop()
})

/** How many keys are played; fewer on a machine with little time. */
const keys = Number(process.env['SLUICE_FAULTS_KEYS'] ?? 10_000)

it(
  `pays ${keys} keys once each, whose callers leave, reset, run late and meet kills`,
  { timeout: 1_800_000 },
  async () => {
    const play = { redisUrl: redis.url, redis: control, keys, keysAtOnce: 40, killEvery: 250 }
    const report = await playKeyedCalls(play)
    showKeyed('idempotency keys', report)
    expect(report).toMatchObject({ answered: keys, dishonest: [], notPaidOnce: [], moneyOffNanoUsd: 0 })
  },
)
