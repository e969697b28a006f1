import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What one request was for, and what the server counted for it. */
export interface ServedRequest {
  /** The word `#…` of the prompt, by which a caller knows its request again. */
  readonly mark: string
  readonly inputTokens: number
  readonly outputTokens: number
  /** False when the client left before the end. */
  readonly whole: boolean
}

/** A stand-in model server that keeps books of its own. */
export interface ModelServer {
  readonly baseUrl: string
  /** Every request that it began to answer. */
  readonly served: readonly ServedRequest[]
  /** The marks of every request that it has read, once for each time. */
  readonly begun: readonly string[]
  close(): Promise<void>
}

/**
 * Starts the server: it answers with 3 tokens after `delayMs`, or the `delay=MS` of a prompt, and tells them in so many
 * pieces, over the `drip=MS` of a prompt. It counts 10 tokens for every prompt.
 */
export async function startModelServer({ delayMs = 20 } = {}): Promise<ModelServer> {
  const served: ServedRequest[] = []
  const begun: string[] = []
  const server = createServer((request, response) => void answer(request, response, delayMs, { served, begun }))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    served,
    begun,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

const outputTokens = 3

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  delayMs: number,
  { served, begun }: { readonly served: ServedRequest[]; readonly begun: string[] },
): Promise<void> {
  // Workers look at what models a server has.
  if (request.method === 'GET') return void response.end('{"data":[]}')
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString()
  const mark = /#[\w-]+/u.exec(body)?.[0] ?? ''
  begun.push(mark)
  const inputTokens = 10
  const delay = /delay=(\d+)/u.exec(body)?.[1]
  await new Promise(resolve => setTimeout(resolve, delay === undefined ? delayMs : Number(delay)))
  const usage = {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  }
  const chunk = (more: object): string =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices: [], ...more })}\n\n`
  const choice = (delta: object, reason: string | null = null): object => ({
    choices: [{ index: 0, delta, finish_reason: reason }],
  })
  const whole = !response.destroyed
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const dripMs = Number(/drip=(\d+)/u.exec(body)?.[1] ?? 0)
  for (const content of dripMs > 0 ? ['all', ' is', ' well'] : ['all is well']) {
    response.write(chunk(choice({ role: 'assistant', content })))
    if (dripMs > 0) await new Promise(resolve => setTimeout(resolve, dripMs / outputTokens))
  }
  response.end(chunk(choice({}, 'stop')) + chunk({ usage }) + 'data: [DONE]\n\n')
  served.push({ mark, inputTokens, outputTokens, whole })
}
