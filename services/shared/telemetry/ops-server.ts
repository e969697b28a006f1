import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { GatewayError } from '../contract/errors.ts'

/** What `/readyz` asks. */
export interface Readiness {
  /** What is not ready: the word of its check, and which one of several; empty means ready. */
  notReady(): readonly NotReady[]
}

/** One thing that is not ready, such as `pool small`. */
export interface NotReady {
  /** Closed set: redis, draining, pool. `/readyz?exclude=pool` leaves a check out. */
  readonly check: string
  readonly name?: string
}

/** The operators' port. */
export interface OpsServer {
  /** host:port, with the port that was really taken. */
  readonly address: string
  close(): Promise<void>
}

const pages: ReadonlySet<string> = new Set(['/metrics', '/livez', '/readyz'])

/** Opens `/metrics`, `/livez` and `/readyz`. @throws GatewayError Config when the address is taken */
export async function openOpsServer(address: string, registry: Registry, readiness: Readiness): Promise<OpsServer> {
  const server = createServer((request, response) => {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://ops')
    if (!pages.has(path)) answer(response, 404, 'there are /metrics, /livez and /readyz\n')
    else if (request.method !== 'GET' && request.method !== 'HEAD') {
      // What else it sends is not read.
      response.setHeader('connection', 'close')
      answer(response, 405, 'this port only tells\n')
    } else if (path === '/livez') answer(response, 200, 'ok\n')
    else if (path === '/readyz') {
      const excluded = new Set(searchParams.getAll('exclude'))
      const missing = readiness
        .notReady()
        .filter(({ check }) => !excluded.has(check))
        .map(({ check, name }) => (name === undefined ? check : `${check} ${name}`))
      answer(
        response,
        missing.length === 0 ? 200 : 503,
        missing.length === 0 ? 'ok\n' : `not ready: ${missing.join(', ')}\n`,
      )
    } else {
      registry.metrics().then(
        text => answer(response, 200, text, registry.contentType),
        () => answer(response, 500, 'the metrics could not be read\n'),
      )
    }
  })
  await listen(server, address)
  return {
    address: addressOf(server),
    async close() {
      server.closeAllConnections()
      await new Promise<void>(resolve => {
        server.close(() => resolve())
      })
    },
  }
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type }).end(text)
}

function listen(server: Server, address: string): Promise<void> {
  const at = address.lastIndexOf(':')
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'it is in use; is another Sluice running?' : error.message
      reject(new GatewayError('Config', `listen.ops ${address}: ${why}`, {}, { cause: error }))
    })
    server.listen(Number(address.slice(at + 1)), address.slice(0, at), resolve)
  })
}

function addressOf(server: Server): string {
  const bound = server.address() as AddressInfo
  return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
}
