import type { Redis } from 'ioredis'

/**
 * Lets commands that are sent in one turn of the loop go out in one write: each write is a call to the system that
 * wakes the server, which costs more than the command. Their order stays.
 */
export function writeTogether(redis: Redis): void {
  const send = redis.sendCommand.bind(redis)
  redis.sendCommand = (command, stream) => {
    const socket = stream === undefined ? redis.stream : undefined
    if (socket !== undefined && socket.writableCorked === 0) {
      socket.cork()
      setImmediate(() => socket.uncork())
    }
    return send(command, stream)
  }
}
