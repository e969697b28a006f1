import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { deploy, servedNanoUsd, type Deployment } from '../support/faults/deployment.ts'
import { startModelServer, type ModelServer } from '../support/faults/model-server.ts'
import { bookedNanoUsd } from '../support/faults/report.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'
import { textRequest, type TestClient } from '../support/processes.ts'

let redis: PrivateRedis
let models: ModelServer
let control: Redis
let deployment: Deployment
beforeEach(async () => {
  ;[redis, models] = await Promise.all([startPrivateRedis(), startModelServer()])
  control = new Redis(redis.socketPath)
  deployment = await deploy({ redisUrl: redis.url, modelUrl: models.baseUrl })
})
afterEach(async () => {
  await deployment?.stop()
  control?.disconnect()
  await Promise.all([redis?.stop(), models?.close()])
})

const clientOf = (at: number): TestClient => {
  const { routers } = deployment
  const router = routers[at % routers.length]
  if (router === undefined) throw new Error('there is no router')
  return router.client
}

it('answers 1,000 calls with one key at once by one call of the model, and is paid once', async () => {
  const request = textRequest('#one delay=500 say it', { idempotencyKey: 'one' })
  const calls = Array.from({ length: 1000 }, (_, at) => clientOf(at).infer(request, { deadlineMs: 60_000 }))
  const failed = (await Promise.all(calls)).filter(({ failure }) => failure !== undefined)
  expect(failed).toEqual([])
  expect(models.begun).toHaveLength(1)
  expect(await bookedNanoUsd(control)).toEqual({ tenant: servedNanoUsd, deployment: servedNanoUsd })
})

it('goes on when 2,000 calls leave at once, and holds nothing of them', async () => {
  const leave = (at: number): Promise<unknown> =>
    new Promise(resolve => {
      const call = clientOf(at).raw.infer(textRequest(`#storm-${at} delay=300 go`), resolve)
      setTimeout(() => call.cancel(), Math.random() * 400)
    })
  await Promise.all(Array.from({ length: 2000 }, (_, at) => leave(at)))
  const next = await clientOf(0).infer(textRequest('#after say it'), { deadlineMs: 20_000 })
  expect(next.failure).toBeUndefined()
  const { tenant } = await bookedNanoUsd(control)
  expect(tenant).toBeLessThanOrEqual(models.served.length * servedNanoUsd)
  expect(await control.zcard('faults:{money}:holds')).toBe(0)
})
