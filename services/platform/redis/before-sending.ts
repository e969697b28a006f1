import type { Cluster, Command, Redis } from 'ioredis'

/**
 * Sees each command before it is sent. One that is `answered` by it is not sent. `isDirected`: the client chose its
 * socket.
 */
export type BeforeSending = (command: Command, isDirected: boolean) => 'send' | 'answered'

/**
 * Lets hooks see the commands of a connection, in their order. It is the one place where the client's own
 * `sendCommand` is replaced.
 */
export function hookSending(redis: Redis | Cluster, hooks: readonly BeforeSending[]): void {
  const send = redis.sendCommand.bind(redis)
  // A cluster's has one parameter more than a server's.
  redis.sendCommand = (command: Command, ...rest: []) => {
    const isDirected = (rest as readonly unknown[])[0] !== undefined
    for (const hook of hooks) if (hook(command, isDirected) === 'answered') return command.promise
    return send(command, ...rest)
  }
}

/**
 * Lets commands that are sent in one turn of the loop go out in one write: each write is a call to the system that
 * wakes the server, which costs more than the command. Their order stays.
 */
export function writeTogether(redis: Redis): BeforeSending {
  return (_command, isDirected) => {
    const socket = isDirected ? undefined : redis.stream
    if (socket !== undefined && socket.writableCorked === 0) {
      socket.cork()
      setImmediate(() => socket.uncork())
    }
    return 'send'
  }
}
