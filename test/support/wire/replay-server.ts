import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Exchange } from './fixture.ts'

/** A server that answers as a real one was recorded. */
export interface ReplayServer {
  /** `host:port`. */
  readonly address: string
  /** Goes on with other exchanges. */
  load(exchanges: readonly Exchange[]): void
  close(): Promise<void>
}

/** Plays the exchanges in order, each where its path is asked; 404 for what was not recorded. */
export function startReplayServer(
  exchanges: readonly Exchange[],
  onAsked?: (body: unknown) => void,
): Promise<ReplayServer> {
  let all = exchanges
  let left = [...exchanges]
  const take = (path: string): Exchange | undefined => {
    const at = left.findIndex(one => one.path === path)
    // The last one of a path is what the server says from then on.
    return at === -1 ? all.findLast(one => one.path === path) : left.splice(at, 1)[0]
  }
  const load = (others: readonly Exchange[]): void => {
    all = others
    left = [...others]
  }
  const isGrpc = exchanges.some(({ contentType }) => contentType.startsWith('application/grpc'))
  const server = isGrpc ? startGrpc(take) : startHttp(take, onAsked)
  return server.then(started => ({ ...started, load }))
}

type Started = Omit<ReplayServer, 'load'>

type Take = (path: string) => Exchange | undefined

function startHttp(take: Take, onAsked?: (body: unknown) => void): Promise<Started> {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const one = take(request.url ?? '')
    if (request.method === 'POST') onAsked?.(jsonOf(Buffer.concat(chunks).toString()))
    response.writeHead(one?.status ?? 404, { 'content-type': one?.contentType ?? 'text/plain' })
    response.end(one?.answered)
  }
  const server = createServer((request, response) => void serve(request, response))
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () =>
          new Promise(closed => {
            server.close(() => closed())
            server.closeAllConnections()
          }),
      }),
    )
  })
}

function startGrpc(take: Take): Promise<Started> {
  const server = createHttp2Server()
  const sessions = new Set<{ close(): void }>()
  server.on('session', session => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const one = take(headers[':path'] ?? '')
    stream.resume()
    stream.once('end', () => {
      const trailers = one?.trailers ?? { 'grpc-status': '12' }
      stream.once('wantTrailers', () => stream.sendTrailers(trailers))
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.end(Buffer.from(one?.answered ?? '', 'base64'))
    })
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () =>
          new Promise(closed => {
            server.close(() => closed())
            for (const session of sessions) session.close()
          }),
      }),
    )
  })
}

/** A body as JSON where it is some. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
