import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Exchange } from '../../support/wire/fixture.ts'
import { jsonOf } from '../../support/wire/replay-server.ts'

/** Stands before a real server and writes down what goes by. */
export interface RecordingProxy {
  /** `host:port`. */
  readonly address: string
  /** Takes what has gone by since the last time. */
  take(): readonly Exchange[]
  close(): Promise<void>
}

/** Records HTTP/1.1 before the server at `host:port`. A caller that leaves takes the call of the server with it. */
export function recordHttp(target: string): Promise<RecordingProxy> {
  let exchanges: Exchange[] = []
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sent: Buffer[] = []
    for await (const chunk of request) sent.push(chunk as Buffer)
    const { method = 'GET', url: path = '/', headers } = request
    const [host, port] = target.split(':')
    const upstream = ask({ host, port, method, path, headers: { ...headers, host: target }, agent: false })
    response.once('close', () => upstream.destroy())
    upstream.once('error', () => response.destroy())
    upstream.once('response', answer => {
      const { statusCode: status = 0, headers: told } = answer
      response.writeHead(status, told)
      const received: Buffer[] = []
      answer.on('data', (chunk: Buffer) => {
        received.push(chunk)
        response.write(chunk)
      })
      answer.once('error', () => response.destroy())
      answer.once('end', () => {
        response.end()
        const body = Buffer.concat(sent)
        const isJson = headers['content-type']?.includes('json') === true
        exchanges.push({
          method,
          path,
          ...(body.length === 0 ? {} : { asked: isJson ? jsonOf(body.toString()) : `${body.length} bytes` }),
          status,
          contentType: told['content-type'] ?? '',
          answered: Buffer.concat(received).toString(),
        })
      })
    })
    upstream.end(Buffer.concat(sent))
  }
  const server = createServer((request, response) => void serve(request, response))
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        take: () => {
          const taken = exchanges
          exchanges = []
          return taken
        },
        close: () =>
          new Promise(closed => {
            server.close(() => closed())
            server.closeAllConnections()
          }),
      }),
    )
  })
}

/** Records gRPC before the server at `host:port`: frames as they are, with the trailers. */
export function recordGrpc(target: string): Promise<RecordingProxy> {
  let exchanges: Exchange[] = []
  const upstream = connect(`http://${target}`)
  const sessions = new Set<{ destroy(): void }>()
  const server = createHttp2Server()
  server.on('session', session => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const path = headers[':path'] ?? ''
    const passed = Object.entries(headers).filter(([name]) => /^(?:te|content-type|grpc-timeout)$/u.test(name))
    const asked = { ...Object.fromEntries(passed), ':method': 'POST', ':path': path }
    const call = upstream.request(asked, { endStream: false })
    const received: Buffer[] = []
    const trailers: Record<string, string> = {}
    const keep = (told: object): void => {
      for (const [name, value] of Object.entries(told)) {
        if (name === 'grpc-status' || name === 'grpc-message') trailers[name] = String(value)
      }
    }
    stream.on('data', (chunk: Buffer) => call.write(chunk))
    stream.once('end', () => call.end())
    stream.once('close', () => call.close())
    stream.once('error', () => call.close())
    // An answer of a status alone has it in its first headers.
    call.once('response', keep)
    call.once('trailers', keep)
    call.once('error', () => stream.close())
    call.on('data', (chunk: Buffer) => received.push(chunk))
    call.once('end', () => {
      const answered = Buffer.concat(received)
      exchanges.push({
        method: 'POST',
        path,
        status: 200,
        contentType: 'application/grpc',
        answered: answered.toString('base64'),
        trailers,
      })
      if (stream.destroyed) return
      stream.once('wantTrailers', () => stream.sendTrailers(trailers))
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.end(answered)
    })
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        take: () => {
          const taken = exchanges
          exchanges = []
          return taken
        },
        close: () =>
          new Promise(closed => {
            upstream.destroy()
            server.close(() => closed())
            for (const session of sessions) session.destroy()
          }),
      }),
    )
  })
}
