import { Registry, Gauge } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openOpsServer, type OpsServer } from '../../services/shared/telemetry/ops-server.ts'

let server: OpsServer
const missing = [{ check: 'redis' }, { check: 'pool', name: 'small' }]

beforeAll(async () => {
  const registry = new Registry()
  new Gauge({ name: 'sluice_test_figure', help: 'A figure.', registers: [registry] }).set(7)
  server = await openOpsServer('127.0.0.1:0', registry, { notReady: () => missing })
})
afterAll(() => server.close())

const ask = (path: string, method = 'GET', body?: string): Promise<Response> =>
  fetch(`http://${server.address}${path}`, { method, ...(body === undefined ? {} : { body }) })

describe("the operators' port", () => {
  it('only tells: whatever is asked in whatever way, it has three pages and changes nothing', async () => {
    for (const path of [
      '/',
      '/config',
      '/env',
      '/debug/pprof',
      '/metrics/../config',
      '/%2e%2e/etc/passwd',
      '/livez/x',
    ]) {
      const response = await ask(path)
      expect(response.status, path).toBe(404)
      expect(await response.text()).toBe('there are /metrics, /livez and /readyz\n')
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      for (const path of ['/metrics', '/livez', '/readyz']) {
        const response = await ask(path, method, 'x'.repeat(100_000))
        expect(response.status, `${method} ${path}`).toBe(405)
      }
    }
    expect(await (await ask('/metrics')).text()).toContain('sluice_test_figure 7')
  })

  it('says what is not ready, and leaves out what it is told to', async () => {
    expect((await ask('/livez')).status).toBe(200)
    const response = await ask('/readyz')
    expect([response.status, await response.text()]).toEqual([503, 'not ready: redis, pool small\n'])
    expect((await ask('/readyz?exclude=redis&exclude=pool')).status).toBe(200)
    expect((await ask('/readyz?exclude=pool')).status).toBe(503)
  })
})
