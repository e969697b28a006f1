import { Redis, type Cluster, type Command } from 'ioredis'
import { performance } from 'node:perf_hooks'

/** A command that was sent, and when it is too late. */
interface Sent {
  readonly command: Command
  readonly dueAt: number
  /** When its connection is given up if nothing has come on it by then. */
  readonly breakAt: number
  /** The socket that it went out on, and how much had come in on it by then; absent on a cluster, which has many. */
  readonly socket?: Redis['stream'] | undefined
  readonly heardBytes: number
}

/**
 * Fails commands that Redis does not answer within `ms`, or within that after the time for which they may wait there. A connection on
 * which nothing comes for longer still is broken, so that it is made anew: its other end may be gone without a word.
 *
 * A process that was busy for longer than that must not take its own lateness for a Redis that hangs: the time begins when the commands
 * of a turn go out at its end, and when it is over, the replies that lie in the socket are read first. The client's own
 * `commandTimeout` and `socketTimeout` do neither. One timer serves all, since commands come due in the order in which they were sent.
 */
export function timeOutCommands(redis: Redis | Cluster, ms: number): void {
  const send = redis.sendCommand.bind(redis)
  const socketNow = (): Redis['stream'] | undefined => (redis instanceof Redis ? redis.stream : undefined)
  let coming: Command[] = []
  let sent: Sent[] = []
  let timer: NodeJS.Timeout | undefined
  /** Until when a command that waits in Redis may keep those behind it waiting. */
  let blockedUntil = 0
  redis.on('close', () => (blockedUntil = 0))

  const rest = (): void => {
    timer = undefined
    const now = performance.now()
    const due = sent.findIndex(({ command, dueAt }) => dueAt > now && !command.isResolved)
    const past = (due === -1 ? sent : sent.slice(0, due)).filter(({ command }) => !command.isResolved)
    sent = due === -1 ? [] : sent.slice(due)
    const [oldest] = past
    if (oldest !== undefined) suspect(oldest)
    for (const { command } of past) command.reject(new Error('Command timed out'))
    const [next] = sent
    if (next !== undefined) wait(next.dueAt - now)
  }
  const isSilent = ({ socket, heardBytes }: Sent): boolean =>
    socket !== undefined && socket === socketNow() && socket.bytesRead === heardBytes
  /** The first command that was not answered in time; until something comes, no other is sent: its caller would wait as long in vain. */
  let suspected: Sent | undefined
  const suspect = (sentFirst: Sent): void => {
    if (suspected !== undefined || !isSilent(sentFirst)) return
    suspected = sentFirst
    const look = (): void => {
      suspected = undefined
      if (isSilent(sentFirst)) sentFirst.socket?.destroy(new Error(`Redis said nothing for ${silenceRatio * ms} ms`))
    }
    setTimeout(() => setImmediate(look), Math.max(1, sentFirst.breakAt - performance.now())).unref()
  }
  const wait = (forMs: number): void => {
    // Timers come before what can be read in a turn of the loop, immediates after it.
    timer = setTimeout(() => setImmediate(rest), Math.max(1, forMs)).unref()
  }

  /** Lets go of what was answered; when that is all, nothing waits in Redis any more. */
  const dropAnswered = (): void => {
    const open = sent.findIndex(({ command }) => !command.isResolved)
    sent = open === -1 ? [] : sent.slice(open)
    if (open === -1) blockedUntil = 0
  }

  const goOut = (): void => {
    dropAnswered()
    const now = performance.now()
    const socket = socketNow()
    const heardBytes = socket?.bytesRead ?? 0
    for (const command of coming) {
      blockedUntil = Math.max(now, blockedUntil) + waitMsOf(command)
      sent.push({ command, dueAt: blockedUntil + ms, breakAt: blockedUntil + silenceRatio * ms, socket, heardBytes })
    }
    coming = []
    const [next] = sent
    if (timer === undefined && next !== undefined) wait(next.dueAt - now)
  }

  // A cluster's has one parameter more than a server's.
  redis.sendCommand = (command: Command, ...way: []) => {
    if (suspected !== undefined && isSilent(suspected)) {
      command.reject(new Error('Command timed out'))
      return command.promise
    }
    if (coming.length === 0) setImmediate(goOut)
    coming.push(command)
    return send(command, ...way)
  }
}

/** A connection is given up after this many times of a command's time without a word: a server that is slow for once is not left. */
const silenceRatio = 2.5

/** Commands of ours that may wait in Redis. */
const waiting: ReadonlySet<string> = new Set(['bzpopmin', 'xread', 'wait'])

/** How long a command may wait in Redis before it is answered. */
function waitMsOf(command: Command): number {
  if (!waiting.has(command.name)) return 0
  if (command.name === 'wait') return Number(command.args[1]) || 0
  return command.extractBlockingTimeout() ?? 0
}
