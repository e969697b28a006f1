import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { Counter, Gauge, Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMetricsRegistry } from '#services/platform/telemetry/create-metrics-registry'
import { formatFor, toTextFormat } from '#services/platform/telemetry/metrics-format'
import { openOpsServer, type OpsServer } from '#services/platform/telemetry/ops-server'

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

/** Sends bytes as they are and gives all that comes back until the other side closes. */
function send(bytes: string, { leaves = false } = {}): Promise<string> {
  const at = server.address.lastIndexOf(':')
  return new Promise((resolve, reject) => {
    const socket = connect(Number(server.address.slice(at + 1)), server.address.slice(0, at))
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => (received += text))
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
    socket.on('connect', () => {
      socket.write(bytes, 'latin1')
      if (leaves) socket.destroy()
    })
  })
}

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

  it.each([
    ['GET //', 404],
    ['GET ///', 404],
    ['GET http://[', 404],
    ['GET http://', 404],
    ['GET http://a:b/metrics', 404],
    ['OPTIONS *', 404],
    ['GET *', 404],
    ['GET /%', 404],
    ['GET /\\x', 404],
    ['GET /\u00ff\u00fe', 400],
    ['GET /livez?%zz=%', 200],
    ['GET /readyz?exclude=%ff&exclude', 503],
    ['GET http://any.example/livez', 200],
    ['CONNECT [:0', undefined],
    ['GET', 400],
    ['GET /\u0000', 400],
    ['\u0016\u0003\u0001', 400],
  ])('outlives the request line %j', async (line, status) => {
    const received = await send(`${line} HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n`)
    expect(/^HTTP\/1\.1 (\d+)/u.exec(received)?.[1]).toBe(status?.toString())
    expect((await ask('/livez')).status).toBe(200)
  })

  it('outlives headers without end', async () => {
    expect(await send(`GET /livez?${'x'.repeat(9000)} HTTP/1.1\r\n`)).toMatch(/^HTTP\/1\.1 431 /u)
    expect(await send(`GET /livez HTTP/1.1\r\na: ${'b'.repeat(9000)}`)).toMatch(/^HTTP\/1\.1 431 /u)
    expect((await ask('/livez')).status).toBe(200)
  })

  it('outlives who leaves before the answer', async () => {
    const asking = Array.from({ length: 50 }, () =>
      send('GET /metrics HTTP/1.1\r\nhost: ops\r\n\r\n', { leaves: true }),
    )
    await Promise.all(asking)
    expect((await ask('/livez')).status).toBe(200)
  })

  it('does not read what is sent along with a question', async () => {
    const head = 'POST /nothing HTTP/1.1\r\nhost: ops\r\ncontent-length: 1000000\r\n\r\nx'
    expect(await send(head)).toMatch(/^HTTP\/1\.1 404 /u)
  })

  it('does not wait for long for who does not finish a question', async () => {
    const startedAt = Date.now()
    const [silent, slow] = await Promise.all([send(''), send('GET /livez HTTP/1.1\r\nhost:')])
    expect(silent).toMatch(/^HTTP\/1\.1 408 /u)
    expect(slow).toMatch(/^HTTP\/1\.1 408 /u)
    expect(Date.now() - startedAt).toBeLessThan(15_000)
  }, 20_000)

  it('holds no more connections than it may, and answers again once they have gone', async () => {
    const at = server.address.lastIndexOf(':')
    const closed: number[] = []
    const sockets = Array.from({ length: 300 }, (_, index) => {
      const socket = connect(Number(server.address.slice(at + 1)), server.address.slice(0, at))
      return socket.on('error', () => {}).on('close', () => closed.push(index))
    })
    await expect.poll(() => closed.length, { timeout: 4000 }).toBe(300 - 256)
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => send('GET /livez HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n')).toMatch(/ 200 OK/u)
  })
})

describe('the format of metrics', () => {
  const page = [
    '# HELP sluice_test_calls Calls.',
    '# TYPE sluice_test_calls counter',
    'sluice_test_calls_total{rpc="Infer",note="a # {b} c"} 3 # {trace_id="ab"} 1 17.5',
    '# HELP sluice_test_figure A figure.',
    '# TYPE sluice_test_figure gauge',
    'sluice_test_figure 7',
    '# EOF',
    '',
  ].join('\n')

  it('is text for who does not ask for OpenMetrics by name, and OpenMetrics for who prefers it', () => {
    const prometheus = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1'
    expect(formatFor(prometheus)).toBe('openmetrics')
    for (const accept of [
      undefined,
      '',
      '*/*',
      'text/html',
      'text/plain',
      'text/plain, application/openmetrics-text;q=0.4',
      'application/openmetrics-text;q=0',
    ]) {
      expect(formatFor(accept), String(accept)).toBe('text')
    }
  })

  it('names counters whole and leaves out exemplars and the end mark in text', () => {
    expect(toTextFormat(page).split('\n')).toEqual([
      '# HELP sluice_test_calls_total Calls.',
      '# TYPE sluice_test_calls_total counter',
      'sluice_test_calls_total{rpc="Infer",note="a # {b} c"} 3',
      '# HELP sluice_test_figure A figure.',
      '# TYPE sluice_test_figure gauge',
      'sluice_test_figure 7',
      '',
    ])
  })

  it('is said in the type of the answer, whichever was asked for before', async () => {
    const registry = createMetricsRegistry()
    const calls = new Counter({ name: 'sluice_test_calls_total', help: 'Calls.', registers: [registry] })
    calls.inc(2)
    const ops = await openOpsServer('127.0.0.1:0', registry, { notReady: () => [] })
    const scrape = async (accept: string): Promise<{ type: string | null; text: string }> => {
      const response = await fetch(`http://${ops.address}/metrics`, { headers: { accept } })
      return { type: response.headers.get('content-type'), text: await response.text() }
    }
    const [, openMetrics, text] = [
      await scrape('text/plain'),
      await scrape('application/openmetrics-text;version=1.0.0'),
      await scrape('*/*'),
    ]
    await ops.close()
    expect(openMetrics?.type).toContain('application/openmetrics-text')
    expect(openMetrics?.text).toMatch(/# TYPE sluice_test_calls counter\nsluice_test_calls_total 2\n[^]*# EOF\n$/u)
    expect(text?.type).toContain('text/plain; version=0.0.4')
    expect(text?.text).toContain('# TYPE sluice_test_calls_total counter\nsluice_test_calls_total 2\n')
    expect(text?.text).not.toContain('# EOF')
  })
})

describe('a range of ports', () => {
  it('gives each process the first that is free, and says when none is left', async () => {
    const registry = new Registry()
    const port = await threeFreePorts()
    const first = await openOpsServer(`127.0.0.1:${port}`, registry, { notReady: () => [] })
    const range = `127.0.0.1:${port}-${port + 2}`
    const others = [
      await openOpsServer(range, registry, { notReady: () => [] }),
      await openOpsServer(range, registry, { notReady: () => [] }),
    ]
    expect(others.map(({ address }) => Number(address.split(':')[1]))).toEqual([port + 1, port + 2])
    await expect(openOpsServer(range, registry, { notReady: () => [] })).rejects.toThrow(/in use/u)
    await Promise.all([first, ...others].map(one => one.close()))
  })
})

/** The first of three neighbouring ports that nobody has, below those that systems give to clients. */
async function threeFreePorts(): Promise<number> {
  for (let port = 20_000 + (process.pid % 1000) * 10; port < 32_000; port += 3) {
    const found = await Promise.allSettled([0, 1, 2].map(one => listenOnce(port + one)))
    if (found.every(({ status }) => status === 'fulfilled')) return port
  }
  throw new Error('no three neighbouring ports are free')
}

/** Resolves when the port could be listened on; it is free again then. */
async function listenOnce(port: number): Promise<void> {
  const listening = createServer()
  await once(listening.listen(port, '127.0.0.1'), 'listening')
  listening.close()
  await once(listening, 'close')
}
