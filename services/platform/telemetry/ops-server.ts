import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { GatewayError } from '#services/contract/errors'
import { contentTypes, formatFor, toTextFormat, type MetricsFormat } from './metrics-format.ts'

/** What `/readyz` asks. */
export interface Readiness {
  /** What is not ready: the word of its check, and which one of several; empty means ready. */
  notReady(): readonly NotReady[] | Promise<readonly NotReady[]>
}

/** Opens the ops port, or a stub of it. */
export type OpenOps = (address: string, registry: Registry, readiness: Readiness) => Promise<OpsServer>

/** One thing that is not ready, such as `pool small`. */
export interface NotReady {
  /** Closed set: redis, clock, ledger, queue, draining, pool, process. `/readyz?exclude=pool` leaves a check out. */
  readonly check: string
  readonly name?: string
}

/** The operators' port. */
export interface OpsServer {
  /** host:port, with the port that was really taken. */
  readonly address: string
  close(): Promise<void>
}

/**
 * What a peer may hold of this port. A probe or a scrape asks in one packet and takes its page at once; a busy
 * process may be seconds late in reading it.
 */
const limits = {
  maxHeaderSize: 8192,
  /** From the connection to the end of the headers. */
  headersTimeout: 5000,
  /** To the end of the whole request, which has no use for a body. */
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
} as const
/** A connection on which nothing moves, as of one who does not take the page, is closed. */
const idleMs = 30_000
/** Those beyond are closed at once, so that this port does not take the files that the calls need. */
const mostConnections = 256

const pages: ReadonlySet<string> = new Set(['/metrics', '/livez', '/readyz'])

/**
 * Opens `/metrics`, `/livez` and `/readyz` at `host:port`, or at the first free port of `host:first-last`.
 * @throws GatewayError Config when the address, or every port of the range, is taken
 */
export async function openOpsServer(
  address: string,
  registry: Pick<Registry, 'metrics'>,
  readiness: Readiness,
): Promise<OpsServer> {
  const server = createServer(limits, (request, response) => {
    const { path, query } = targetOf(request.url)
    const isReading = request.method === 'GET' || request.method === 'HEAD'
    // What else it sends is not read.
    if (!isReading) response.setHeader('connection', 'close')
    if (!pages.has(path)) answer(response, 404, 'there are /metrics, /livez and /readyz\n')
    else if (!isReading) answer(response, 405, 'this port only tells\n')
    else if (path === '/livez') answer(response, 200, 'ok\n')
    else if (path === '/readyz') void answerReadiness(response, query.getAll('exclude'), readiness)
    else void answerMetrics(response, registry, formatFor(request.headers.accept))
  })
  server.setTimeout(idleMs)
  server.maxConnections = mostConnections
  await listen(server, address, portsOf(address))
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

/** What is asked for; of a target that is no URL, such as `//`, nothing that there is. */
function targetOf(target = '/'): { readonly path: string; readonly query: URLSearchParams } {
  if (!URL.canParse(target, anyHost)) return { path: '', query: new URLSearchParams() }
  const { pathname, searchParams } = new URL(target, anyHost)
  return { path: pathname, query: searchParams }
}

const anyHost = 'http://ops'

async function answerReadiness(
  response: ServerResponse,
  excluded: readonly string[],
  readiness: Readiness,
): Promise<void> {
  const missing = (await readiness.notReady())
    .filter(({ check }) => !excluded.includes(check))
    .map(({ check, name }) => (name === undefined ? check : `${check} ${name}`))
  if (missing.length === 0) answer(response, 200, 'ok\n')
  else answer(response, 503, `not ready: ${missing.join(', ')}\n`)
}

async function answerMetrics(
  response: ServerResponse,
  registry: Pick<Registry, 'metrics'>,
  format: MetricsFormat,
): Promise<void> {
  try {
    const page = await registry.metrics()
    answer(response, 200, format === 'text' ? toTextFormat(page) : page, contentTypes[format])
  } catch {
    answer(response, 500, 'the metrics could not be read\n')
  }
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type }).end(text)
}

/** The ports of an address, in the order in which they are tried. */
function portsOf(address: string): readonly number[] {
  const [first = 0, last = first] = address
    .slice(address.lastIndexOf(':') + 1)
    .split('-')
    .map(Number)
  return Array.from({ length: Math.max(1, last - first + 1) }, (_, index) => first + index)
}

async function listen(server: Server, address: string, ports: readonly number[]): Promise<void> {
  const host = address.slice(0, address.lastIndexOf(':'))
  const faults: NodeJS.ErrnoException[] = []
  // It stays: a connection that cannot be taken later is an error of the server too, and ends nothing.
  server.on('error', (error: NodeJS.ErrnoException) => faults.push(error))
  for (const port of ports) {
    faults.length = 0
    server.listen(port, host)
    await new Promise<void>(resolve => {
      const done = (): void => {
        server.off('listening', done).off('error', done)
        resolve()
      }
      server.on('listening', done).on('error', done)
    })
    if (server.listening) return
    if (faults[0]?.code !== 'EADDRINUSE') break
  }
  const [fault] = faults
  const why =
    fault?.code === 'EADDRINUSE'
      ? 'it is in use; is another Sluice running?'
      : (fault?.message ?? 'it cannot be opened')
  throw new GatewayError('Config', `listen.ops ${address}: ${why}`, {}, { cause: fault })
}

function addressOf(server: Server): string {
  const bound = server.address() as AddressInfo
  return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
}
