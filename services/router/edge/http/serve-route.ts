import type { FastifyReply, FastifyRequest, HTTPMethods, RouteOptions } from 'fastify'
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Clock } from '#services/contract/clock'
import type { GatewayError } from '#services/contract/errors'
import { noTracer, parseTraceparent, type Span, type Tracer } from '#services/platform/telemetry/tracer'
import type { ReadRates } from '#services/router/ledger/read-budget'
import type { Caller, Scope } from '#services/router/request/states'
import { statusName, statusNumberOf } from '#services/wire/status'
import type { ClientAddress } from '../auth/client-address.ts'
import { readCredential } from '../auth/read-credential.ts'
import {
  createLeaving,
  orStopped,
  routerStopping,
  traceOf,
  type CallContext,
  type Leaving,
} from '../call/call-context.ts'
import { failureOf, knownFailure, type Dialect } from './failures.ts'
import { rateHeaders } from './rate-headers.ts'
import { unpacked } from './body/unpacked.ts'

/** What serving any call over HTTP needs. */
export interface HttpDependencies {
  readonly authenticate: (authorization: string | undefined, peer: string) => Promise<Caller>
  readonly clientAddress: ClientAddress
  readonly demandScope: (caller: Caller, scope: Scope) => void
  /** Takes a call in, or throws when there are too many; gives what lets it go. */
  readonly enter: (party: { readonly tenant: string; readonly connection: string }) => () => void
  /**
   * Called for every call that ended: the rpc that it is the equal of, the name of its gRPC status, its route and its
   * HTTP status.
   */
  readonly answered: (call: AnsweredCall) => void
  /** What the limits of a tenant stand at; empty where it has none. */
  readonly readRates?: ReadRates
  readonly tracer?: Tracer
  /** Aborted when this router waits for its calls no longer. */
  readonly stopping?: AbortSignal
  readonly clock: Clock
  readonly logger: Logger
}

/** A call that ended, for metrics. */
export interface AnsweredCall {
  readonly rpc: string
  readonly status: string
  readonly route: string
  readonly httpStatus: number
  readonly elapsedMs: number
  readonly traceparent?: string
}

/** A call under way. */
export interface HttpCall {
  readonly context: CallContext
  /** Names this call to its client, whatever comes of it. */
  readonly callId: string
  readonly headers: IncomingHttpHeaders
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** What the caller's limits stand at, in the headers of the wire. */
  readonly rateHeaders: () => Promise<Readonly<Record<string, string>>>
  /** Reports that the call is another rpc's equal than its route is, such as a stream. */
  isLike(rpc: string): void
  /** Reports a failure that the client already received, in the middle of a stream. */
  failed(thrown: unknown): void
}

/** One path of the port. */
export interface Route {
  readonly method: HTTPMethods
  readonly path: string
  /** The rpc of the gRPC port that asks for the same, which metrics and alerts know it by. */
  readonly rpc: string
  readonly scope: Scope
  readonly dialect: Dialect
  /** What it is for, in a few words. */
  readonly summary: string
  /** What its bodies are held to. */
  readonly body?: z.ZodType
  /** Whether the body is a form with a file. */
  readonly form?: true
  /** Parameters of the query that it reads. */
  readonly query?: readonly string[]
  /** Answers with an object, with a text or a stream that it set the type of, or by writing to the reply itself. */
  readonly answer: (body: unknown, call: HttpCall) => Promise<object | string | undefined>
}

/** Of a call between its headers and its end. */
interface OpenCall {
  readonly callId: string
  readonly span: Span
  readonly startedAt: number
  readonly leaving: Leaving
  context?: CallContext
  rpc: string
  status: string
  leave: () => void
}

/** A client's own id of a call, given back to it. */
const callIdShape = /^[\w.:-]{1,128}$/u

/** Turns a route into one of Fastify's: who calls is known before a byte of the body is read. */
export function serveRoute(route: Route, dependencies: HttpDependencies): RouteOptions {
  const { clock, stopping, logger } = dependencies
  const open = new WeakMap<IncomingMessage, OpenCall>()
  return {
    method: route.method,
    url: route.path,
    async onRequest(request, reply) {
      const begun = begin(route, { request, reply }, dependencies)
      open.set(request.raw, begun)
      reply.headers({ [route.dialect === 'openai' ? 'x-request-id' : 'request-id']: begun.callId })
      if (stopping?.aborted === true) throw routerStopping()
      const { raw, headers } = request
      const peer = `${raw.socket.remoteAddress ?? ''}:${raw.socket.remotePort ?? 0}`
      const valuesOf = (name: string): readonly string[] => raw.headersDistinct[name] ?? []
      const address = dependencies.clientAddress(peer, valuesOf('x-forwarded-for'))
      const caller = await dependencies.authenticate(readCredential(valuesOf), address)
      dependencies.demandScope(caller, route.scope)
      begun.leave = dependencies.enter({ tenant: caller.tenant, connection: peer })
      const given = { traceparent: textOf(headers['traceparent']), tracestate: valuesOf('tracestate') }
      const { signal } = begun.leaving
      begun.context = {
        caller,
        arrivedAt: clock.now(),
        connection: peer,
        signal,
        ...traceOf(begun.span.traceparent, given),
      }
    },
    preParsing: (request, _reply, payload, done) => unpacked(request.headers, payload, done),
    async handler(request, reply) {
      const begun = open.get(request.raw)
      if (begun?.context === undefined) throw new Error('a call came past authentication')
      const call = callOf(begun, begun.context, { request, reply }, { ...dependencies, route })
      const answer = await orStopped(route.answer(request.body, call), stopping)
      if (answer !== undefined) reply.headers(await call.rateHeaders())
      begun.leave()
      return answer === undefined ? reply.hijack() : reply.send(answer)
    },
    async errorHandler(thrown, request, reply) {
      const begun = open.get(request.raw)
      const known = knownFailure(thrown)
      if (known === undefined) logger.error({ err: thrown, route: route.path }, 'an unexpected error in a call')
      if (begun !== undefined) begun.status = nameOf(known)
      begun?.leave()
      // A stream reports its failures itself.
      if (reply.raw.headersSent) {
        reply.hijack()
        return
      }
      const { status, headers, body } = failureOf(thrown, route.dialect, begun?.callId ?? '')
      const rates = await ratesFor(begun?.context, { ...dependencies, route })
      // What the client still sends of a body that is not wanted would be taken for its next request.
      const closing = request.raw.complete ? {} : { connection: 'close' }
      void reply
        .code(status)
        .headers({ ...headers, ...rates, ...closing })
        .type('application/json; charset=utf-8')
        .send(body)
    },
  }
}

/** The name of a failure's status, as the gRPC port would answer with. */
function nameOf(known: GatewayError | undefined): string {
  return known === undefined ? 'INTERNAL' : statusName(statusNumberOf(known.code))
}

/** One exchange as Fastify holds it. */
interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

type RouteDependencies = HttpDependencies & { readonly route: Route }

/** Where models are asked; a store that does not say keeps no answer back. */
async function ratesFor(
  context: CallContext | undefined,
  { route, readRates, clock, logger }: RouteDependencies,
): Promise<Readonly<Record<string, string>>> {
  if (route.rpc !== 'Infer' || context === undefined || readRates === undefined) return {}
  try {
    return rateHeaders(await readRates(context.caller.tenant), route.dialect, clock)
  } catch (error) {
    logger.debug({ err: error }, 'limits could not be told')
    return {}
  }
}

function callOf(begun: OpenCall, context: CallContext, exchange: Exchange, dependencies: RouteDependencies): HttpCall {
  const { logger } = dependencies
  return {
    ...exchange,
    context,
    callId: begun.callId,
    headers: exchange.request.headers,
    rateHeaders: () => ratesFor(context, dependencies),
    isLike(rpc) {
      begun.rpc = rpc
    },
    failed(thrown) {
      const known = knownFailure(thrown)
      if (known === undefined) logger.error({ err: thrown }, 'an unexpected error in a call')
      begun.status = nameOf(known)
    },
  }
}

function begin(
  route: Route,
  { request, reply }: Exchange,
  { tracer = noTracer, stopping, answered }: HttpDependencies,
): OpenCall {
  const { headers } = request
  const parent = textOf(headers['traceparent'])
  const span = tracer.start(`${route.method} ${route.path}`, {
    parent: parseTraceparent(parent) === undefined ? undefined : parent,
    kind: 'server',
    attributes: { 'http.request.method': String(route.method), 'http.route': route.path },
  })
  const given = textOf(headers['x-request-id'])
  const begun: OpenCall = {
    callId: given !== undefined && callIdShape.test(given) ? given : `req_${randomUUID().replaceAll('-', '')}`,
    span,
    startedAt: performance.now(),
    leaving: createLeaving(stopping),
    rpc: route.rpc,
    status: 'OK',
    leave() {},
  }
  reply.raw.once('close', () => {
    const { statusCode, writableFinished } = reply.raw
    if (writableFinished) begun.leaving.end()
    else begun.leaving.leave()
    begun.leave()
    const status = writableFinished ? begun.status : 'CANCELLED'
    const httpStatus = writableFinished || reply.raw.headersSent ? statusCode : 499
    span.set({ 'http.response.status_code': httpStatus })
    if (status !== 'OK') span.fail(status)
    span.end()
    answered({
      rpc: begun.rpc,
      status,
      route: route.path,
      httpStatus,
      elapsedMs: performance.now() - begun.startedAt,
      ...(span.traceparent === undefined ? {} : { traceparent: span.traceparent }),
    })
  })
  return begun
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
