import { constants, type Http2Server, type ServerHttp2Session } from 'node:http2'
import { setTimeout } from 'node:timers/promises'
import { setTimeout as startTimer } from 'node:timers'
import { status, type Server, type ServerInterceptingCallInterface, type StatusObject } from '@grpc/grpc-js'
import { BaseServerInterceptingCall } from '@grpc/grpc-js/build/src/server-interceptors.js'

/*
 * The one file that reaches into grpc-js (1.14.7). It keeps a deadline in 32 bits, so that 25 days are past and 50
 * days are seven hours, and answers INTERNAL to a `grpc-timeout` that is none:
 * `test/unit/router/edge/rpc-deadlines.test.ts` holds it to the version that is pinned. It refuses a message over the
 * limit below all interceptors, in words that name no setting, and its shutdown loses calls that are on their way, and
 * its keepalive those of connections that are closing: `test/unit/router/edge/rpc-server.test.ts`.
 */

/** The parts of a call that its deadline is kept in. */
interface TimedCall {
  deadline: number
  deadlineTimer: NodeJS.Timeout | null
  sendStatus(status: Partial<StatusObject>): void
}

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }

/** What a timer of Node can wait; what is longer is capped by the deployment's own limit long before. */
const longestTimerMs = 2 ** 31 - 1

/** Calls whose `grpc-timeout` is none. */
const malformed = new WeakSet<object>()

/**
 * Reads a `grpc-timeout`; `undefined` when it is none.
 * @source gRPC over HTTP2, "Timeout": at most 8 digits and a unit
 */
export function parseTimeoutMs(header: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,8})([HMSmun])$/u.exec(header) ?? []
  const factor = unitMs[unit]
  return factor === undefined ? undefined : Number(digits) * factor
}

/** Whether a call carries a malformed `grpc-timeout`; the handler rejects it. */
export function hasMalformedTimeout(call: ServerInterceptingCallInterface): boolean {
  return malformed.has(call)
}

/**
 * Spares connections that are closing from keepalive. Node cancels each ping of such a session at once (20.20), and
 * grpc-js takes that for a dead peer: 20 s into a drain, or into the last minutes of an old connection, it would
 * cut every call under way, and clients report INTERNAL. How long such a connection may last is limited by the
 * drain and by `grpc.max_connection_age_grace_ms`.
 */
export function spareClosingSessions(server: Server): void {
  const { http2Servers } = server as unknown as { readonly http2Servers: ReadonlyMap<Http2Server, unknown> }
  for (const http2Server of http2Servers.keys()) {
    http2Server.on('session', (session: ServerHttp2Session) => {
      const ping = session.ping.bind(session) as (callback: PingCallback) => boolean
      session.ping = ((callback: PingCallback) => {
        if (!session.closed) return ping(callback)
        setImmediate(() => callback(null, 0, Buffer.alloc(0)))
        return true
      }) as typeof session.ping
    })
  }
}

type PingCallback = (error: Error | null, duration: number, payload: Buffer) => void

/** Clients that do not answer within this time are cut off from what they send after it. */
const farewellMs = 1000
/** The id of no stream: every stream that the client has opened will be served. */
const lastStreamId = 2 ** 31 - 1

/**
 * Notifies every client that its connection takes no new calls, and waits until it has acknowledged. `tryShutdown`
 * alone refuses the calls that are on their way at that moment, without a status: clients report INTERNAL, which they
 * do not retry.
 * @source RFC 9113, 6.8: two GOAWAY frames
 */
export async function announceShutdown(server: Server): Promise<void> {
  const { sessions } = server as unknown as { readonly sessions: ReadonlyMap<ServerHttp2Session, unknown> }
  const notified = new Set<ServerHttp2Session>()
  const untilAt = Date.now() + farewellMs
  for (;;) {
    // Clients that reconnect meanwhile are notified too.
    const untold = [...sessions.keys()].filter(session => !notified.has(session))
    const leftMs = untilAt - Date.now()
    if (untold.length === 0 || leftMs <= 0) return
    for (const session of untold) notified.add(session)
    await Promise.race([Promise.all(untold.map(farewell)), setTimeout(leftMs)])
  }
}

function farewell(session: ServerHttp2Session): Promise<void> {
  return new Promise(resolve => {
    session.once('close', resolve)
    try {
      session.goaway(constants.NGHTTP2_NO_ERROR, lastStreamId)
      // Bytes that the client sent earlier arrive before the answer.
      session.ping(() => resolve())
    } catch {
      // It is closed.
      resolve()
    }
  })
}

interface Patched {
  handleTimeoutHeader: unknown
  sendStatus: (this: TimedCall, status: Partial<StatusObject>) => void
}

const prototype = BaseServerInterceptingCall.prototype as unknown as Patched
const sendStatus = prototype.sendStatus

/**
 * Makes every server of this process read deadlines as they are meant, and name the setting that limits messages.
 * Doing it again changes nothing.
 */
export function correctServers(): void {
  prototype.handleTimeoutHeader = readDeadline
  prototype.sendStatus = sendPlainStatus
}

function sendPlainStatus(this: TimedCall, sent: Partial<StatusObject>): void {
  const isSize = sent.code === status.RESOURCE_EXHAUSTED
  sendStatus.call(this, isSize ? { ...sent, details: sizeWords(sent.details) } : sent)
}

/** What grpc-js says of a message over the limit, in words that help. */
function sizeWords(details = ''): string {
  const [, direction, size, most] =
    /^(Received|Sent) message (?:larger than max \((\d+) vs\.? |that decompresses to a size larger than )(\d+)/u.exec(
      details,
    ) ?? []
  if (most === undefined) return details
  const what = direction === 'Received' ? 'the request' : 'the answer'
  const bytes = size === undefined ? 'is larger when unpacked' : `has ${size} bytes, more`
  return `${what} ${bytes} than the ${most} bytes that a message may have (limits.messageMegabytes of the gateway)`
}

function readDeadline(this: TimedCall, header: string | Buffer): void {
  const timeoutMs = parseTimeoutMs(header.toString())
  if (timeoutMs === undefined) {
    malformed.add(this)
    return
  }
  this.deadline = Date.now() + timeoutMs
  if (timeoutMs > longestTimerMs) return
  this.deadlineTimer = startTimer(() => {
    this.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' })
  }, timeoutMs)
}
