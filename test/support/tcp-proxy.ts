import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP port before a unix socket, which can be slow. */
export interface TcpProxy {
  readonly port: number
  /** Answers come so much later from now on. */
  delayMs: number
  close(): Promise<void>
}

/** Opens the port. Whoever connects while nothing listens behind it is cut off, as by a server that is down. */
export function openTcpProxy(socketPath: string): Promise<TcpProxy> {
  const open = new Set<Socket>()
  const server = createServer(client => {
    const behind = connect(socketPath)
    for (const socket of [client, behind]) {
      open.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        behind.destroy()
      })
    }
    client.on('data', piece => behind.write(piece))
    // Timers of one delay fire in the order in which they were set, so pieces stay in order.
    behind.on('data', piece => {
      if (proxy.delayMs === 0) client.write(piece)
      else setTimeout(() => client.writable && client.write(piece), proxy.delayMs)
    })
  })
  const proxy = {
    port: 0,
    delayMs: 0,
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise(resolve => {
        server.close(resolve)
      })
    },
  }
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      proxy.port = (server.address() as AddressInfo).port
      resolve(proxy)
    })
  })
}
