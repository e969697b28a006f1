import multipart from '@fastify/multipart'
import { fastify, type FastifyInstance, type RouteOptions } from 'fastify'
import { randomUUID } from 'node:crypto'
import { createServer as createPlainServer, type Server } from 'node:http'
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { GatewayError, invalidField, isGatewayError } from '#services/contract/errors'
import { deepestJson, isDeeperThan } from '#services/platform/http/json-depth'
import { failureOf } from './failures.ts'

/** How the HTTP port is opened. */
export interface HttpServerOptions {
  readonly address: string
  readonly limits: HttpLimits
  /** Origins of web pages that may call; `*` is any. */
  readonly corsOrigins: readonly string[]
  /** Absent means plain text. */
  readonly tls?: HttpTls
}

/** What the port takes. */
export interface HttpLimits {
  readonly bodyBytes: number
  readonly headerBytes: number
  readonly connections: number
  readonly headerTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly idleMs: number
}

/** The certificate of the port, which can change while it is open. */
export interface HttpTls {
  readonly context: SecureContextOptions
  readonly isMutual: boolean
  /** Called for every new certificate. */
  readonly onChanged: (listener: (context: SecureContextOptions) => void) => void
}

/** The HTTP port. */
export interface HttpServer {
  /** host:port, with the port that was really taken. */
  readonly address: string
  /**
   * Takes no new calls; resolves when those under way have ended. Those that have not after `graceMs` are ended by
   * `endCalls`.
   */
  drain(graceMs: number, endCalls: () => void): Promise<void>
}

/** Time for the answers of calls that a drain ends to reach their clients, before the connections are cut. */
const exitReasonMs = 1500
const timeoutCheckMs = 500

/** Opens the port with these routes. @throws GatewayError Config when the address is taken */
export async function openHttpServer(options: HttpServerOptions, routes: readonly RouteOptions[]): Promise<HttpServer> {
  const { address, limits, corsOrigins } = options
  const app = fastify({
    bodyLimit: limits.bodyBytes,
    // Calls that come while it drains are answered by their routes, in their own wire.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler,
    routerOptions: { ignoreTrailingSlash: true },
    serverFactory: handler => serverOf(options, handler),
  })
  readJson(app)
  await app.register(multipart, { throwFileSizeLimit: true })
  allowOrigins(app, corsOrigins)
  answerUnknownPaths(app, routes)
  for (const route of routes) app.route(route)
  await listen(app, address)
  const { port } = app.server.address() as AddressInfo
  return {
    address: `${address.slice(0, address.lastIndexOf(':'))}:${port}`,
    async drain(graceMs, endCalls) {
      const ending = setTimeout(endCalls, graceMs)
      const force = setTimeout(() => app.server.closeAllConnections(), graceMs + exitReasonMs)
      await app.close()
      clearTimeout(ending)
      clearTimeout(force)
    },
  }
}

/**
 * Answers what no route takes, before a body is read: 204 with the methods of a path to OPTIONS, 405 to another
 * method that the path does not have, 404 to the rest.
 */
function answerUnknownPaths(app: FastifyInstance, routes: readonly RouteOptions[]): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return
    const path = (request.url.split('?')[0] ?? '').replace(/(?<=.)\/$/u, '')
    const methods = routes.filter(({ url }) => isPath(url, path)).map(({ method }) => String(method))
    const allowed = methods.length === 0 ? {} : { allow: [...new Set([...methods, 'OPTIONS'])].join(', ') }
    if (methods.length > 0 && request.method === 'OPTIONS') {
      await reply.code(204).headers(allowed).send()
      return
    }
    const dialect = path.startsWith('/v1/messages') ? 'anthropic' : 'openai'
    const missing = new GatewayError(
      'NotFound',
      methods.length === 0
        ? 'there is no such path; GET /openapi.json lists them'
        : `this path takes ${methods.join(' and ')} alone`,
    )
    const { status, headers, body } = failureOf(missing, dialect, `req_${randomUUID().replaceAll('-', '')}`)
    await reply
      .code(methods.length === 0 ? status : 405)
      .headers({ ...headers, ...allowed, connection: 'close' })
      .send(body)
  })
}

/** Whether a path is one of a route, whose variable steps are written `:name`. */
function isPath(route: string, path: string): boolean {
  const steps = path.split('/')
  const wanted = route.split('/')
  return steps.length === wanted.length && wanted.every((step, at) => step.startsWith(':') || step === steps[at])
}

type RequestListener = Parameters<typeof createPlainServer>[1]

function serverOf({ limits, tls }: HttpServerOptions, handler: RequestListener): Server {
  const { headerBytes, headerTimeoutMs, bodyTimeoutMs, idleMs, connections } = limits
  const settings = {
    maxHeaderSize: headerBytes,
    headersTimeout: headerTimeoutMs,
    requestTimeout: headerTimeoutMs + bodyTimeoutMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: timeoutCheckMs,
  }
  const server = tls === undefined ? createPlainServer(settings, handler) : tlsServerOf(settings, tls, handler)
  server.maxConnections = connections
  return server
}

function tlsServerOf(settings: TlsServerOptions, tls: HttpTls, handler: RequestListener): Server {
  const client = { requestCert: tls.isMutual, rejectUnauthorized: tls.isMutual }
  const server = createTlsServer({ ...settings, ...tls.context, ...client }, handler)
  tls.onChanged(context => server.setSecureContext(context))
  return server
}

/**
 * Bodies are read as JSON, and a fault in one is told by its place: the parser's own words repeat what stands
 * there.
 */
function readJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      // Some programs begin a text with the mark of its encoding, and some tell the type of a body that they leave out.
      const given = text.toString().replace(/^\uFEFF/u, '')
      const body: unknown = given === '' ? undefined : JSON.parse(given)
      if (isDeeperThan(deepestJson, body)) throw invalidField('body', `expected at most ${deepestJson} levels of JSON`)
      done(null, body)
    } catch (error) {
      if (isGatewayError(error)) {
        done(error)
        return
      }
      const at = error instanceof Error ? /position (\d+)/u.exec(error.message)?.[1] : undefined
      done(
        invalidField(
          'body',
          at === undefined ? 'it is no JSON, or it ends too early' : `it is no JSON at character ${at}`,
        ),
      )
    }
  })
}

/** Lets pages of the configured origins call, and says nothing of it to others. */
function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    if (origin === undefined || !(origins.includes(origin) || origins.includes('*'))) return
    reply.headers({ 'access-control-allow-origin': origin, vary: 'origin', 'access-control-expose-headers': '*' })
    if (request.method !== 'OPTIONS') return
    reply.headers({
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
      'access-control-max-age': '600',
    })
    await reply.code(204).send()
  })
  app.options('/*', async (_request, reply) => reply.code(204).send())
}

/** What came was no request, or came too slowly or too large: answered in short, and the connection is closed. */
function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy(error)
  const [status, code, message] = clientErrors[error.code ?? ''] ?? unreadable
  const body = JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code } })
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

const unreadable = ['400 Bad Request', 'unreadable', 'it is no HTTP request'] as const
const clientErrors: Readonly<Record<string, readonly [string, string, string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'headers_too_large', 'the headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'request_timeout', 'the request came too slowly'],
}

async function listen(app: FastifyInstance, address: string): Promise<void> {
  const at = address.lastIndexOf(':')
  try {
    await app.listen({ host: address.slice(0, at), port: Number(address.slice(at + 1)) })
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    const why = isTaken ? 'it is in use; set listen.http to another port' : 'it cannot be opened'
    throw new GatewayError(
      'Config',
      `listen.http ${address}: ${why}`,
      { reason: isTaken ? 'IN_USE' : 'NO_PORT' },
      { cause: error },
    )
  }
}
