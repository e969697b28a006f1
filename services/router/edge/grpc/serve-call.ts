import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  StatusObject,
} from '@grpc/grpc-js'
import { performance } from 'node:perf_hooks'
import type { Logger } from 'pino'
import { systemClock, type Clock } from '#services/contract/clock'
import { isGatewayError } from '#services/contract/errors'
import { storeErrorOf } from '#services/platform/redis/run-command'
import { statusName, type StatusWriter } from '#services/wire/status'
import {
  noTracer,
  parseTraceparent,
  traceIdOf,
  type SpanAttributes,
  type Tracer,
} from '#services/platform/telemetry/tracer'
import type { Caller, Scope } from '#services/router/request/states'
import { orStopped, type CallContext } from '../call/call-context.ts'
import { contextOf, headerOf, type ReadableCall } from './call-context.ts'

/** What serving any call needs. */
export interface ServeDependencies {
  readonly callerOf: (metadata: Metadata) => Caller
  readonly demandScope: (caller: Caller, scope: Scope) => void
  /** Takes a call in, or throws when there are too many; gives what lets it go. */
  readonly enter: (party: { readonly tenant: string; readonly connection: string }) => () => void
  readonly statuses: StatusWriter
  readonly answered: (rpc: string, status: string, elapsedMs: number, traceparent?: string) => void
  /** Absent where nothing is traced. */
  readonly tracer?: Tracer
  /** Aborted when this router waits for its calls no longer. */
  readonly stopping?: AbortSignal
  /** The clock of deadlines; the system clock when absent. */
  readonly clock?: Clock
  readonly logger: Logger
}

/**
 * Turns a function of request and context into a unary handler: who calls, whether there is room, what a failure
 * says.
 */
export function serveUnary<Request, Response>(
  rpc: string,
  scope: Scope,
  answer: (request: Request, context: CallContext) => Promise<Response>,
  dependencies: ServeDependencies,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const answering = async (): Promise<void> => {
      const served = serve({ rpc, scope }, call, dependencies, context => answer(call.request, context))
      const [failure, response] = await settled(served, dependencies)
      callback(failure, response)
    }
    answering().catch(unanswered(rpc, dependencies))
  }
}

/** The outcome of a call as a gRPC callback takes it. */
async function settled<Response>(
  served: Promise<Response>,
  dependencies: ServeDependencies,
): Promise<[Partial<StatusObject> | null, Response?]> {
  try {
    return [null, await served]
  } catch (error) {
    return [statusOf(error, dependencies)]
  }
}

/** Maps an error of `serve` to what the client gets. */
function statusOf(thrown: unknown, { statuses }: ServeDependencies): Partial<StatusObject> {
  return thrown instanceof Failure ? thrown.status : statuses.toWire(thrown)
}

/**
 * The last net: a call that the transport would not let us answer costs its caller the answer, not everybody the
 * process.
 */
function unanswered(rpc: string, { logger }: ServeDependencies): (error: unknown) => void {
  return error => logger.error({ err: error, rpc }, 'a call could not be answered')
}

/** Takes a message for the client; resolves when the client has room for more. */
export type Write<Response> = (message: Response) => Promise<void>

/** The same for a server stream. */
export function serveStream<Request, Response>(
  rpc: string,
  scope: Scope,
  answer: (request: Request, context: CallContext, write: Write<Response>) => Promise<void>,
  dependencies: ServeDependencies,
): handleServerStreamingCall<Request, Response> {
  return call => {
    serve({ rpc, scope }, call, dependencies, context => answer(call.request, context, writer(call, context)))
      .then(
        () => call.end(),
        (thrown: unknown) => call.emit('error', statusOf(thrown, dependencies)),
      )
      .catch(unanswered(rpc, dependencies))
  }
}

/** The same for streams both ways: requests are read as fast as they are answered. */
export function serveDuplex<Request, Response>(
  rpc: string,
  scope: Scope,
  answer: (requests: AsyncIterable<Request>, context: CallContext, write: Write<Response>) => Promise<void>,
  dependencies: ServeDependencies,
): handleBidiStreamingCall<Request, Response> {
  return call => {
    // An iterator that ends destroys its stream by default, and with it the half that answers and the status.
    const requests: AsyncIterable<Request> = call.iterator({ destroyOnReturn: false })
    serve({ rpc, scope }, call, dependencies, context => answer(requests, context, writer(call, context)))
      .then(
        () => call.end(),
        (thrown: unknown) => call.emit('error', statusOf(thrown, dependencies)),
      )
      .catch(unanswered(rpc, dependencies))
  }
}

/** The part of a stream that is written to. */
interface Writable<Response> {
  write(message: Response): boolean
  once(event: 'drain', listener: () => void): unknown
  off(event: 'drain', listener: () => void): unknown
}

/** Writes and waits while the transport's buffer is full, so that a slow client slows whatever writes. */
function writer<Response>(call: Writable<Response>, { signal }: CallContext): Write<Response> {
  return async message => {
    if (signal.aborted || call.write(message)) return
    await new Promise<void>(resolve => {
      const done = (): void => {
        call.off('drain', done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      call.once('drain', done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}

/** A failure that is ready to be sent; not an error to anybody but the client. */
class Failure extends Error {
  readonly status: Partial<StatusObject>

  constructor(status: Partial<StatusObject>) {
    super(status.details)
    this.status = status
  }
}

async function serve<Response>(
  { rpc, scope }: { readonly rpc: string; readonly scope: Scope },
  call: ReadableCall,
  {
    callerOf,
    demandScope,
    enter,
    statuses,
    answered,
    tracer = noTracer,
    clock = systemClock,
    stopping,
    logger,
  }: ServeDependencies,
  answer: (context: CallContext) => Promise<Response>,
): Promise<Response> {
  const startedAt = performance.now()
  let leave: (() => void) | undefined
  const span = tracer.start(`sluice.v1/${rpc}`, {
    parent: parentOf(call),
    kind: 'server',
    attributes: rpcAttributes(rpc, scope),
  })
  const { traceparent } = span
  try {
    const caller = callerOf(call.metadata)
    demandScope(caller, scope)
    leave = enter({ tenant: caller.tenant, connection: call.getPeer() })
    const context = contextOf(call, { caller, arrivedAt: clock.now(), traceparent, stopping })
    const response = await orStopped(answer(context), stopping)
    span.set({ 'rpc.response.status_code': 'OK' })
    answered(rpc, 'OK', performance.now() - startedAt, traceparent)
    return response
  } catch (thrown) {
    const error = storeErrorOf(thrown) ?? thrown
    if (!isGatewayError(error))
      logger.error({ err: error, rpc, traceId: traceIdOf(traceparent) }, 'an unexpected error in a call')
    const status = statuses.toWire(error)
    const name = statusName(status.code)
    span.set({ 'rpc.response.status_code': name })
    span.fail(name)
    answered(rpc, name, performance.now() - startedAt, traceparent)
    throw new Failure(status)
  } finally {
    leave?.()
    span.end()
  }
}

/** The client's trace context, when it is one. */
function parentOf({ metadata }: ReadableCall): string | undefined {
  const given = headerOf(metadata, 'traceparent')
  return parseTraceparent(given) === undefined ? undefined : given
}

/** @source OpenTelemetry semantic conventions for RPC */
function rpcAttributes(rpc: string, scope: Scope): SpanAttributes {
  const service = scope === 'admin' ? 'sluice.v1.Admin' : 'sluice.v1.Gateway'
  return { 'rpc.system.name': 'grpc', 'rpc.method': `${service}/${rpc}` }
}
