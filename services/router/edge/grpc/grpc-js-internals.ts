import { status, type ServerInterceptingCallInterface, type StatusObject } from '@grpc/grpc-js'
import { BaseServerInterceptingCall } from '@grpc/grpc-js/build/src/server-interceptors.js'

/*
 * The one file that reaches into grpc-js (1.14.7). It keeps a deadline in 32 bits, so that 25 days are past and 50 days are seven hours,
 * and answers INTERNAL to a `grpc-timeout` that is none: `test/unit/rpc-deadlines.test.ts` holds it to the version that is pinned. It refuses
 * a message over the limit below all interceptors, in words that name no setting: `test/unit/rpc-server.test.ts`.
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

/** Reads a `grpc-timeout`; `undefined` when it is none. @source gRPC over HTTP2, "Timeout": at most 8 digits and a unit */
export function parseTimeoutMs(header: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,8})([HMSmun])$/u.exec(header) ?? []
  const factor = unitMs[unit]
  return factor === undefined ? undefined : Number(digits) * factor
}

/** Whether a call came with a `grpc-timeout` that is none; whoever answers it says so. */
export function hasMalformedTimeout(call: ServerInterceptingCallInterface): boolean {
  return malformed.has(call)
}

interface Patched {
  handleTimeoutHeader: unknown
  sendStatus: (this: TimedCall, status: Partial<StatusObject>) => void
}

const prototype = BaseServerInterceptingCall.prototype as unknown as Patched
const sendStatus = prototype.sendStatus

/**
 * Makes every server of this process read deadlines as they are meant, and name the setting that limits messages. Doing it again changes
 * nothing.
 */
export function correctServers(): void {
  prototype.handleTimeoutHeader = readDeadline
  prototype.sendStatus = function sendPlainStatus(sent) {
    sendStatus.call(
      this,
      sent.code === status.RESOURCE_EXHAUSTED ? { ...sent, details: sizeWords(sent.details) } : sent,
    )
  }
}

/** What grpc-js says of a message over the limit, in words that help. */
function sizeWords(details = ''): string {
  const [, way, size, most] =
    /^(Received|Sent) message (?:larger than max \((\d+) vs\.? |that decompresses to a size larger than )(\d+)/u.exec(
      details,
    ) ?? []
  if (most === undefined) return details
  const what = way === 'Received' ? 'the request' : 'the answer'
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
  this.deadlineTimer = setTimeout(() => {
    this.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' })
  }, timeoutMs)
}
