import { Redis, type Cluster, type Command } from 'ioredis'
import { performance } from 'node:perf_hooks'
import type { BeforeSending } from './before-sending.ts'

/** A command that was sent. */
interface Sent {
  readonly command: Command
  /** When, in watched time. */
  readonly sentAt: number
  /** How long it may wait in Redis, and those behind it with it. */
  readonly waitMs: number
}

/**
 * Fails commands on a connection on which Redis says nothing for `ms`, or for that after the time for which they
 * may wait there. A connection on which nothing comes for longer still is broken, so that it is made again: its
 * other end may be gone without a word.
 *
 * Redis answers in order, so replies to earlier commands tell that it lives and is on its way to the later ones. On
 * a cluster, which has many connections, a command's own time counts.
 *
 * A process that is busy must not take its own lateness for a Redis that hangs. So the time is watched time: the
 * loop looks four times in `ms`, each time after it has read what lies in the socket, and however long it was away
 * between two looks counts as one of them. The client's own `commandTimeout` and `socketTimeout` do neither. One
 * timer serves all commands.
 */
export function timeOutCommands(redis: Redis | Cluster, ms: number): BeforeSending {
  const pollEveryMs = ms / checksPerTimeOut
  let coming: Command[] = []
  let sent: Sent[] = []
  let timer: NodeJS.Timeout | undefined
  /** Watched time, and when it was last read. */
  let watchedMs = 0
  let checkedAt = performance.now()
  /** The socket, what had come in on it when it was last looked at, and when that was, in watched time. */
  let received:
    | { readonly socket: Redis['stream'] | undefined; readonly bytes: number; readonly at: number }
    | undefined
  /**
   * Since when, in watched time, a connection is silent for too long; until something comes, no command is sent:
   * its caller would wait as long in vain.
   */
  let silentSince: number | undefined

  const watch = (): void => {
    const now = performance.now()
    watchedMs += Math.min(now - checkedAt, mostChecksAtOnce * pollEveryMs)
    checkedAt = now
    if (!(redis instanceof Redis)) return
    const socket = redis.stream as Redis['stream'] | undefined
    const bytes = socket?.bytesRead ?? 0
    if (received?.socket === socket && received?.bytes === bytes) return
    received = { socket, bytes, at: watchedMs }
    silentSince = undefined
  }

  /** When each command is too late, in watched time: in ascending order. */
  const duesOf = (commands: readonly Sent[]): readonly number[] => {
    const receivedAt = received?.at ?? 0
    let waitMs = 0
    return commands.map(one => {
      waitMs += one.waitMs
      return Math.max(one.sentAt, receivedAt) + waitMs + ms
    })
  }
  const fail = (late: readonly Sent[]): void => {
    if (late.length === 0) return
    if (received?.socket !== undefined) silentSince ??= watchedMs - ms
    for (const { command } of late) command.reject(new Error('Command timed out'))
  }
  const breakSilent = (): void => {
    if (silentSince === undefined || watchedMs - silentSince < silenceRatio * ms) return
    silentSince = undefined
    received?.socket?.destroy(new Error(`Redis said nothing for ${silenceRatio * ms} ms`))
  }

  const check = (): void => {
    timer = undefined
    watch()
    const open = sent.filter(({ command }) => !command.isSettled)
    const dues = duesOf(open)
    const late = dues.filter(dueAt => dueAt <= watchedMs).length
    sent = open.slice(late)
    fail(open.slice(0, late))
    breakSilent()
    const nextInMs = (dues[late] ?? Infinity) - watchedMs
    if (sent.length > 0 || silentSince !== undefined) checkIn(Math.min(pollEveryMs, nextInMs))
  }
  const checkIn = (inMs: number): void => {
    // Timers come before what can be read in a turn of the loop, immediates after it.
    timer = setTimeout(() => setImmediate(check), Math.max(1, inMs)).unref()
  }

  const goOut = (): void => {
    watch()
    for (const command of coming) sent.push({ command, sentAt: watchedMs, waitMs: waitMsOf(command) })
    coming = []
    if (timer === undefined) checkIn(pollEveryMs)
  }

  return command => {
    if (silentSince !== undefined) watch()
    if (silentSince !== undefined) {
      command.reject(new Error('Command timed out'))
      return 'answered'
    }
    if (coming.length === 0) setImmediate(goOut)
    coming.push(command)
    return 'send'
  }
}

/** Checks of a connection within its timeout. */
const checksPerTimeOut = 4
/** A loop that was away for longer has looked once. */
const mostChecksAtOnce = 1.5
/**
 * A connection is given up after this many times of a command's time without a word: a server that is slow for once
 * is not left.
 */
const silenceRatio = 2.5

/** Commands of ours that may wait in Redis. */
const waiting: ReadonlySet<string> = new Set(['bzpopmin', 'xread', 'wait'])

/** How long a command may wait in Redis before it is answered. */
function waitMsOf(command: Command): number {
  const sendingMs = sendingMsOf(command)
  if (!waiting.has(command.name)) return sendingMs
  if (command.name === 'wait') return sendingMs + (Number(command.args[1]) || 0)
  return sendingMs + (command.extractBlockingTimeout() ?? 0)
}

/** What a busy machine sends, and Redis takes, of a large value at least: a recording of 20 minutes is 38 MB. */
const bytesPerMs = 10_000

/** While Redis reads a large value it says nothing. */
function sendingMsOf({ args }: Command): number {
  let bytes = 0
  for (const one of args as readonly unknown[]) if (Buffer.isBuffer(one)) bytes += one.byteLength
  return bytes / bytesPerMs
}
