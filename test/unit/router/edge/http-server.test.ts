import { request, type RequestOptions } from 'node:https'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { systemClock } from '#services/contract/clock'
import { openHttpServer, type HttpServer, type HttpTls } from '#services/router/edge/http/http-server'
import { serveRoute, type Route } from '#services/router/edge/http/serve-route'
import { createAuthority } from '../../../support/deploy/certificates.ts'

const limits = {
  bodyBytes: 1e6,
  headerBytes: 16_384,
  connections: 100,
  headerTimeoutMs: 10_000,
  bodyTimeoutMs: 10_000,
  idleMs: 5000,
}

/** A port with one route, which answers when it is told to. */
async function open(tls?: HttpTls, answer: Route['answer'] = async () => ({ well: true })) {
  const stopping = new AbortController()
  const route = serveRoute(
    { method: 'GET', path: '/well', rpc: 'Infer', scope: 'infer', dialect: 'openai', summary: 'a test', answer },
    {
      authenticate: async () => ({ tenant: 'acme', credentialId: 'a', scopes: ['infer'] }),
      clientAddress: peer => peer,
      demandScope: () => {},
      enter: () => () => {},
      answered: () => {},
      stopping: stopping.signal,
      clock: systemClock,
      logger: pino({ level: 'silent' }),
    },
  )
  const options = { address: '127.0.0.1:0', limits, corsOrigins: [], ...(tls === undefined ? {} : { tls }) }
  return { server: await openHttpServer(options, [route]), stop: () => stopping.abort() }
}

/** What comes of a call over TLS: its status, and whose certificate the port showed. */
function ask({ address }: HttpServer, options: RequestOptions): Promise<{ status: number; serial: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(`https://${address}/well`, {
      agent: false,
      checkServerIdentity: () => undefined,
      ...options,
    })
    asking.once('error', reject).once('response', response => {
      const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate()
      response.resume().once('end', () => resolve({ status: response.statusCode ?? 0, serial: serialNumber }))
    })
    asking.end()
  })
}

describe('the HTTP port', () => {
  it('shows its certificate, asks clients for theirs, and follows the files', async () => {
    const authority = createAuthority('port')
    const [first, second, client] = ['gateway', 'gateway', 'client'].map(name => authority.issue(name))
    const contextOf = (pair = first): SecureContextOptions => ({
      cert: pair?.certificate,
      key: pair?.key,
      ca: authority.certificate,
    })
    let change: (context: SecureContextOptions) => void = () => {}
    const { server } = await open({ context: contextOf(), isMutual: true, onChanged: listener => (change = listener) })
    const known = { ca: authority.certificate, cert: client?.certificate, key: client?.key }
    const before = await ask(server, known)
    expect(before.status).toBe(200)
    await expect(ask(server, { ca: authority.certificate })).rejects.toThrow(/alert|reset|hang up|EPIPE/iu)
    await expect(fetch(`http://${server.address}/well`)).rejects.toThrow('fetch failed')
    change(contextOf(second))
    const after = await ask(server, known)
    expect(after.status).toBe(200)
    expect(after.serial).not.toBe(before.serial)
    await server.drain(1000, () => {})
  })

  it('finishes what is under way when it drains, and ends what takes too long with word to come again', async () => {
    let begun = 0
    let release: () => void = () => {}
    const { server, stop } = await open(undefined, async () => {
      begun += 1
      await new Promise<void>(resolve => {
        if (begun === 1) release = resolve
      })
      return { well: true }
    })
    const url = `http://${server.address}/well`
    const first = fetch(url)
    await expect.poll(() => begun).toBe(1)
    release()
    expect((await first).status).toBe(200)
    const second = fetch(url)
    await expect.poll(() => begun).toBe(2)
    const drained = server.drain(100, stop)
    const last = await second
    expect([last.status, last.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await last.json()).toMatchObject({ error: { code: 'router_stopping' } })
    await drained
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})
