import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCallers } from '../../support/faults/callers.ts'
import { deploy, type Deployment } from '../../support/faults/deployment.ts'
import { watchMachineDelay } from '../../support/faults/machine-delay.ts'
import { startModelServer, type ModelServer } from '../../support/faults/model-server.ts'
import { reportOf } from '../../support/faults/report.ts'
import { shifted } from '../../support/faults/shifted.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { scrape } from '../../support/scrape.ts'

const hourMs = 3_600_000
let redis: PrivateRedis
let models: ModelServer
let deployment: Deployment

beforeAll(async () => {
  // An answer takes longer than a router's lease.
  ;[redis, models] = await Promise.all([startPrivateRedis(), startModelServer({ delayMs: 4000 })])
  deployment = await deploy({
    redisUrl: redis.url,
    modelUrl: models.baseUrl,
    routers: 1,
    workers: 1,
    budgets: { tenantRequestsPerMinute: 600 },
  })
  await deployment.startRouter(shifted(hourMs))
  await deployment.startRouter(shifted(-hourMs))
  await deployment.startWorker(shifted(hourMs))
})
afterAll(async () => {
  await deployment?.stop()
  await Promise.all([models?.close(), redis?.stop()])
})

describe('machines whose clocks are an hour off', () => {
  it('take over nobody’s cascades, let no leg expire, refuse nobody by their rates, and say that they are off', async () => {
    const callers = startCallers(deployment, { callsPerSecond: 2, jobsPerSecond: 1, deadlineMs: 120_000 })
    const machine = watchMachineDelay()
    const beganAt = Date.now()
    await sleep(5000)
    await callers.stop()
    const machineDelay = await machine.stop()
    const times = { beganAt, endedAt: Date.now() }
    const report = await reportOf({ callers, deployment, models, times, machineDelay })
    expect(Object.keys(report.byStatus).toSorted()).toEqual(['call OK', 'job OK'])
    expect(report.jobsLost).toBe(0)
    // Nothing ran twice.
    expect(new Set(models.served.map(({ mark }) => mark)).size).toBe(models.served.length)
    for (const { process } of deployment.routers) expect(process.log()).not.toContain('another router has taken')
    const said = await Promise.all(
      deployment.opsUrls.map(async url => [
        (await (await fetch(`${url}/readyz`)).text()).trim(),
        Math.round((await scrape(url, 'sluice_router_clock_ahead_seconds')) / 60) + 0,
      ]),
    )
    expect(said).toEqual([
      ['ok', 0],
      ['not ready: clock', 60],
      ['not ready: clock', -60],
      ['ok', 0],
      ['not ready: clock', 0],
    ])
  })
})
