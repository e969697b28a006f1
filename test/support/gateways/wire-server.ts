import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Exchange } from '../wire/fixture.ts'

/** A server of OpenAI's chat wire whose streams are written down, chunk by chunk. */
export interface WireServer {
  readonly baseUrl: string
  close(): Promise<void>
}

type Choice = Readonly<Record<string, unknown>>

/** A chunk with this delta. */
export function deltaOf(delta: Choice): object {
  return { choices: [{ index: 0, delta, finish_reason: null }] }
}

/** The chunk that ends an answer. */
export function endOf(reason: string): object {
  return { choices: [{ index: 0, delta: {}, finish_reason: reason }] }
}

const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 }

/** A point where a stream waits. */
export interface Gate {
  readonly wait: () => Promise<void>
}

/** A stream as a real server sent it. */
type Recorded = Pick<Exchange, 'status' | 'contentType' | 'answered'>

/** Starts a server that plays the script whose name the last message begins with. */
export async function startWireServer(
  scripts: Readonly<Record<string, readonly object[] | Recorded>>,
): Promise<WireServer> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => (body += piece.toString()))
    request.on('end', () => {
      // Workers look at what models a server has.
      if (request.method === 'GET') return void response.end('{"data":[]}')
      const { messages } = JSON.parse(body) as { messages: { content: string }[] }
      const name = String(messages.at(-1)?.content).split(' ')[0] ?? ''
      const chunks = scripts[name]
      if (chunks === undefined) return void response.writeHead(400).end(`{"error":{"message":"no script ${name}"}}`)
      if ('answered' in chunks) {
        return void response.writeHead(chunks.status, { 'content-type': chunks.contentType }).end(chunks.answered)
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      void play(chunks)
      return undefined
    })
    const play = async (chunks: readonly object[]): Promise<void> => {
      const envelope = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'served' }
      const whole = [deltaOf({ role: 'assistant', content: '' }), ...chunks, { choices: [], usage }]
      const failed = chunks.some(chunk => 'error' in chunk)
      const sent = failed ? whole.slice(0, -1) : whole
      for (const chunk of sent) {
        if ('wait' in chunk) await (chunk as Gate).wait()
        else response.write(`data: ${JSON.stringify('error' in chunk ? chunk : { ...envelope, ...chunk })}\n\n`)
      }
      response.end('data: [DONE]\n\n')
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
