import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A model server whose answers are written down beforehand. */
export interface ScriptedServer {
  readonly origin: string
  close(): Promise<void>
}

/** What it answers under a path: a status and a body, or a body alone. */
export type Script = string | { readonly status: number; readonly body: string }

/** Starts a server that answers each path by its script, whatever is asked; 404 where there is none. */
export async function startScriptedServer(scripts: Readonly<Record<string, Script>>): Promise<ScriptedServer> {
  const server = createServer((request, response) => {
    const script = scripts[request.url?.split('?')[0] ?? '']
    const { status, body } =
      typeof script === 'object' ? script : { status: script === undefined ? 404 : 200, body: script }
    request.resume().on('end', () => {
      const isStream = body?.startsWith('data:') === true || body?.startsWith('event:') === true
      response.writeHead(status, { 'content-type': isStream ? 'text/event-stream' : 'application/json' })
      response.end(body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
