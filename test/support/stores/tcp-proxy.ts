import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP port before a server, which can be slow or cut off. */
export interface TcpProxy {
  readonly port: number
  /** Answers come so much later from now on. */
  delayMs: number
  /** Lets nothing through any more on connections on which this was said, and tells neither end. */
  freeze(word: string): void
  /**
   * Loses whatever is sent, on every connection and on new ones, and tells neither end; false lets new connections
   * through again.
   */
  cut(isCut: boolean): void
  close(): Promise<void>
}

/** Opens the port. Whoever connects while nothing listens behind it is cut off, as by a server that is down. */
export function openTcpProxy(to: string | { readonly port: number; readonly host: string }): Promise<TcpProxy> {
  const open = new Set<Socket>()
  const freezers = new Set<(word: string) => void>()
  const cutters = new Set<() => void>()
  let isCut = false
  const server = createServer(client => {
    const behind = typeof to === 'string' ? connect(to) : connect(to.port, to.host)
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
    let received = ''
    let frozen = isCut
    cutters.add(() => (frozen = true))
    freezers.add(word => (frozen ||= received.includes(word)))
    client.on('data', piece => {
      received += piece.toString('latin1').toLowerCase()
      if (!frozen) behind.write(piece)
    })
    // Pieces stay in order, also where a delay is taken away while some are on their way.
    const held: Buffer[] = []
    behind.on('data', piece => {
      if (frozen) return
      if (proxy.delayMs === 0 && held.length === 0) {
        client.write(piece)
        return
      }
      held.push(piece)
      setTimeout(() => {
        const next = held.shift()
        if (next !== undefined && client.writable) client.write(next)
      }, proxy.delayMs)
    })
  })
  const proxy = {
    port: 0,
    delayMs: 0,
    freeze(word: string) {
      for (const freezer of freezers) freezer(word)
    },
    cut(cuts: boolean) {
      isCut = cuts
      if (cuts) for (const cutOff of cutters) cutOff()
    },
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
