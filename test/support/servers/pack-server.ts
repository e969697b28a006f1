import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A hub, an npm registry and a Python index in one server, real enough for `fetch` with ranges and for npm's and
 * Python's own clients.
 */
export interface PackServer {
  readonly url: string
  /** What was asked, such as `GET /pack/file bytes=4-`. */
  readonly requests: readonly string[]
  /** Puts a file on the hub. */
  put(path: string, content: Uint8Array): void
  /** Puts a version of a package on the registry. */
  publish(name: string, version: string, tarball: Uint8Array): void
  /** Puts a wheel on the Python index, which is at `<url>/simple`. */
  publishWheel(name: string, version: string, wheel: Uint8Array): void
  /** The next answer with a body breaks off after so many bytes. */
  cutNext(bytes: number): void
  /** Whether ranges are honoured; they are, to begin with. */
  knowsRanges: boolean
  close(): Promise<void>
}

/** Starts the server with nothing on it. */
export async function startPackServer(): Promise<PackServer> {
  const files = new Map<string, Uint8Array>()
  const requests: string[] = []
  let cutAt: number | undefined
  const server = createServer((request, response) => {
    requests.push([request.method, request.url, request.headers.range].filter(Boolean).join(' '))
    const cut = request.method === 'GET' ? cutAt : undefined
    if (cut !== undefined) cutAt = undefined
    answer(request, response, files.get(request.url ?? ''), cut, handle.knowsRanges)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const handle: PackServer = {
    url,
    requests,
    knowsRanges: true,
    put: (path, content) => void files.set(path, content),
    publish(name, version, tarball) {
      const path = `/-/${encodeURIComponent(name)}-${version}.tgz`
      const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
      const manifest = { name, version, dist: { tarball: `${url}${path}`, integrity } }
      files.set(path, tarball)
      files.set(
        `/${name.replace('/', '%2f')}`,
        Buffer.from(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: manifest } })),
      )
    },
    publishWheel(name, version, wheel) {
      const file = `${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`
      const sha256 = createHash('sha256').update(wheel).digest('hex')
      files.set(`/wheels/${file}`, wheel)
      files.set(`/simple/${name}/`, Buffer.from(`<a href="/wheels/${file}#sha256=${sha256}">${file}</a>`))
    },
    cutNext(bytes) {
      cutAt = bytes
    },
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return handle
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  content: Uint8Array | undefined,
  cut: number | undefined,
  knowsRanges: boolean,
): void {
  if (content === undefined) return void response.writeHead(404).end()
  const from = knowsRanges ? Number(/bytes=(\d+)-/u.exec(request.headers.range ?? '')?.[1] ?? 0) : 0
  const body = content.subarray(from)
  // pip reads an index of no other type.
  const type = request.url?.startsWith('/simple/') ? 'text/html' : 'application/octet-stream'
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.byteLength, 'content-type': type })
  if (cut === undefined) return void response.end(body)
  response.write(body.subarray(0, cut))
  setTimeout(() => response.destroy(), 50)
}
