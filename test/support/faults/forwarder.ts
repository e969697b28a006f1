import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A port that passes everything on to another, and can cut what passes. */
export interface Forwarder {
  readonly address: string
  /** Resets every connection on both sides. */
  reset(): void
  close(): Promise<void>
}

/** Opens one before `host:port`. */
export async function startForwarder(target: string): Promise<Forwarder> {
  const [host = '', port = ''] = target.split(':')
  const open = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(Number(port), host)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        open.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const reset = (): void => {
    for (const socket of open) socket.resetAndDestroy()
  }
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    reset,
    close() {
      reset()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
