import type { Command, Redis } from 'ioredis'
import { performance } from 'node:perf_hooks'

/** A command that was sent, and when it is too late. */
interface Sent {
  readonly command: Command
  readonly dueAt: number
}

/**
 * Fails commands that Redis does not answer within `ms`. A process that was busy for longer than that must not take its own lateness for a
 * Redis that hangs: the time begins when the commands of a turn go out at its end, and when it is over, the replies that lie in the socket
 * are read first. The client's own `commandTimeout` does neither. One timer serves all, since all have the same time.
 */
export function timeOutCommands(redis: Redis, ms: number): void {
  const send = redis.sendCommand.bind(redis)
  let coming: Command[] = []
  let sent: Sent[] = []
  let timer: NodeJS.Timeout | undefined

  const rest = (): void => {
    timer = undefined
    const now = performance.now()
    const due = sent.findIndex(({ command, dueAt }) => dueAt > now && !command.isResolved)
    const past = due === -1 ? sent : sent.slice(0, due)
    sent = due === -1 ? [] : sent.slice(due)
    for (const { command } of past) if (!command.isResolved) command.reject(new Error('Command timed out'))
    const [next] = sent
    if (next !== undefined) wait(next.dueAt - now)
  }
  const wait = (forMs: number): void => {
    // Timers come before what can be read in a turn of the loop, immediates after it.
    timer = setTimeout(() => setImmediate(rest), Math.max(1, forMs)).unref()
  }

  const goOut = (): void => {
    const dueAt = performance.now() + ms
    for (const command of coming) sent.push({ command, dueAt })
    coming = []
    if (timer === undefined) wait(ms)
  }

  redis.sendCommand = (command, stream) => {
    if (coming.length === 0) setImmediate(goOut)
    coming.push(command)
    return send(command, stream)
  }
}
