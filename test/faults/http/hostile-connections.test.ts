import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request as plainRequest, type RequestOptions } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatConfig, chatModel } from '../../support/chat-ladder.ts'
import { createAuthority } from '../../support/deploy/certificates.ts'
import { createTestGateway, type GatewayProcess, type TestGateway } from '../../support/gateway.ts'
import { startOpenaiServer, type OpenaiServer } from '../../support/openai-server.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

const headerTimeoutMs = 3000
const folder = mkdtempSync(join(tmpdir(), 'sluice-hostile-'))
const authority = createAuthority('test authority')
const issued = authority.issue('localhost')
const certificate = join(folder, 'cert.pem')
const key = join(folder, 'key.pem')
writeFileSync(certificate, issued.certificate)
writeFileSync(key, issued.key, { mode: 0o600 })

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Resident megabytes of a process and of all that it started. */
function residentMegabytes(pid: number): number {
  const own = /VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  const children = readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean),
  )
  return Number(own) / 1024 + children.reduce((sum, child) => sum + residentMegabytes(Number(child)), 0)
}

describe.each([
  ['a router of two processes', false, { router: { processes: 2 } }],
  ['TLS', true, { listen: { tls: { certificate, key } } }],
])('hostile connections over %s', (says, isTls, more) => {
  let redis: PrivateRedis
  let server: OpenaiServer
  let gateway: TestGateway
  let router: GatewayProcess
  let before = 0

  beforeAll(async () => {
    ;[redis, server] = await Promise.all([startPrivateRedis(), startOpenaiServer()])
    gateway = await createTestGateway(
      {
        ...chatConfig({
          pools: { large: { tier: 'large', concurrency: 300 } },
          models: { large: chatModel('large', [server.baseUrl], { modalities: ['text'] }) },
          ladders: { generate: { task: 'generate', modalities: ['text'], rungs: ['large'] } },
        }),
        limits: { http: { headerTimeoutMs, bodyMegabytes: 16 } },
        ...more,
      },
      redis.url,
    )
    ;[router] = await Promise.all([gateway.startRouter(), gateway.startWorker('large')])
    for (let left = 100; (await chat('hello')).status !== 200 && left > 0; left -= 1) {
      await new Promise(resolve => setTimeout(resolve, 200))
    }
    before = residentMegabytes(router.pid)
  })
  afterAll(async () => {
    await gateway?.stop()
    await Promise.all([server?.close(), redis?.stop()])
  })

  const port = (): number => Number(new URL(gateway.httpUrl).port)
  const open = (): Socket =>
    isTls ? connectTls({ host: 'localhost', port: port(), ca: authority.certificate }) : connect(port(), '127.0.0.1')

  /** Sends a body of pieces; a connection that is closed on what nobody reads counts as 413. */
  function send(pieces: Iterable<string>): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const options: RequestOptions = {
        host: isTls ? 'localhost' : '127.0.0.1',
        port: port(),
        path: '/v1/chat/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      }
      const asking = isTls
        ? tlsRequest({ ...options, ca: authority.certificate, agent: false })
        : plainRequest({ ...options, agent: false })
      let sent = 0
      asking.once('response', response => {
        let text = ''
        response.setEncoding('utf8').on('data', piece => (text += piece))
        response.once('close', () => resolve({ status: response.statusCode ?? 0, text }))
      })
      asking.on('error', error => (sent > 16_000_000 ? resolve({ status: 413, text: '' }) : reject(error)))
      const all = pieces[Symbol.iterator]()
      const write = (): void => {
        const { value, done } = all.next()
        if (done === true || asking.destroyed) return void asking.end()
        sent += value.length
        if (asking.write(value)) setImmediate(write)
        else asking.once('drain', write)
      }
      write()
    })
  }
  const bodyOf = (content: string): string => JSON.stringify({ model: 'auto', messages: [{ role: 'user', content }] })
  const chat = (content: string) => send([bodyOf(content)])

  it('end by their status, memory stays flat and others are served', async () => {
    const idle = Array.from({ length: 2000 }, () => open().on('error', () => {}))
    await Promise.all(idle.map(one => new Promise(resolve => one.once(isTls ? 'secureConnect' : 'connect', resolve))))
    expect((await chat('hello')).status).toBe(200)
    const withIdle = residentMegabytes(router.pid)

    const slow = open()
    slow.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-slow: ')
    let received = ''
    for await (const piece of slow) received += String(piece)
    expect(received).toMatch(/^HTTP\/1\.1 408 /u)

    expect((await send(Array.from({ length: 200 }, () => 'x'.repeat(1_000_000)))).status).toBe(413)
    const broken = await send([bodyOf('x'.repeat(10_000_000)).slice(0, -2), ' secret'])
    expect([broken.status, broken.text]).toEqual([400, expect.stringMatching(/character 100\d{5}/u)])
    expect(broken.text).not.toContain('secret')

    expect((await chat('hello')).status).toBe(200)
    for (const one of idle) one.destroy()
    const after = residentMegabytes(router.pid)
    process.stdout.write(
      `${says}: from ${Math.round(before)} MB, ${Math.round(withIdle)} MB with 2,000 idle, ${Math.round(after)} MB after\n`,
    )
    expect(after - before).toBeLessThan(400)
  })
})
