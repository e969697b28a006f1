import { afterAll, beforeAll, expect, it } from 'vitest'
import { echoConfig } from '../../support/echo-config.ts'
import { createTestGateway, until, type TestGateway } from '../../support/gateway.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { connect, textRequest, type TestClient } from '../../support/processes.ts'

let redis: PrivateRedis
let gateway: TestGateway
let busy: TestClient
let calm: TestClient

beforeAll(async () => {
  redis = await startPrivateRedis()
  gateway = await createTestGateway({ ...echoConfig(), limits: { inFlight: 20 } }, redis.url)
  await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
  await until(
    'both workers',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
  busy = connect(gateway.address, { 'grpc.use_local_subchannel_pool': 1 })
  calm = connect(gateway.address, { 'grpc.use_local_subchannel_pool': 1 })
})

afterAll(async () => {
  busy?.close()
  calm?.close()
  await gateway?.stop()
  await redis?.stop()
})

it('gives one tenant on one connection half of a router, and the rest to others', async () => {
  const burst = Array.from({ length: 25 }, (_, index) =>
    busy.infer(textRequest(`delay=3000 burst ${index}`), { deadlineMs: 30_000 }),
  )
  // Those that are too many hear of it while the others are at work.
  const refused = await Promise.any(
    burst.map(call => call.then(({ failure }) => failure ?? Promise.reject(new Error()))),
  )
  expect(refused).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'TENANT_IN_FLIGHT_FULL', retryAfterMs: 1000 })
  const other = await calm.infer(textRequest('calm'), { key: 'right-key', deadlineMs: 30_000 })
  expect(other.failure).toBeUndefined()
  const ended = await Promise.all(burst)
  const answered = ended.filter(({ failure }) => failure === undefined).length
  expect(answered).toBeGreaterThanOrEqual(10)
  expect(answered).toBeLessThan(25)
})
