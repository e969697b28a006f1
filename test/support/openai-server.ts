import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that speaks OpenAI's chat protocol for real and fails on demand: words of the last message say how. */
export interface OpenaiServer {
  readonly baseUrl: string
  /** Requests that came, as they were sent. */
  readonly requests: readonly ChatBody[]
  /** Most chats that it ever had under way at once. */
  readonly mostAtOnce: number
  /** How many connections clients have opened. */
  readonly connections: number
  /** Characters that a client took of an answer that `flood=COUNT` asked for. */
  readonly floodedCharacters: number
  /** Answers every call with 503 for so long. */
  goDown(forMs: number): void
  /** Epoch ms at which clients closed connections before their answers ended. */
  readonly leftAt: readonly number[]
  close(): Promise<void>
}

/** What a request holds. */
export interface ChatBody {
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
  readonly authorization?: string
  readonly traceparent?: string | string[]
  readonly tracestate?: string | string[]
  readonly [field: string]: unknown
}

/** How a server behaves. */
export interface OpenaiServerOptions {
  /** Whether words of a message can make it fail; true when absent. */
  readonly obeys?: boolean
  /** Refuses chats that end with words put into the model's mouth, as some models do. */
  readonly refusesPrefill?: boolean
}

/**
 * Starts the server. It answers `echo: <text>` word by word; `fault=…` in the text names a fault, `pause=MS` the time
 * between words, `first=MS` the time from the answer's head to its first word.
 */
export async function startOpenaiServer(options: OpenaiServerOptions = {}): Promise<OpenaiServer> {
  const requests: ChatBody[] = []
  const leftAt: number[] = []
  const life: Life = { requests, leftAt, tries: new Map(), downUntil: 0, flooded: 0, atOnce: 0, mostAtOnce: 0, options }
  const server = createServer((request, response) => {
    void answer(request, response, life)
  })
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    get mostAtOnce() {
      return life.mostAtOnce
    },
    get connections() {
      return connections
    },
    leftAt,
    get floodedCharacters() {
      return life.flooded
    },
    goDown(forMs) {
      life.downUntil = Date.now() + forMs
    },
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

interface Life {
  readonly requests: ChatBody[]
  readonly leftAt: number[]
  readonly tries: Map<string, number>
  readonly options: OpenaiServerOptions
  downUntil: number
  flooded: number
  atOnce: number
  mostAtOnce: number
}

async function answer(request: IncomingMessage, response: ServerResponse, life: Life): Promise<void> {
  const { requests, tries, leftAt, options } = life
  if (request.url?.endsWith('/models') === true) {
    return void response.end(JSON.stringify({ object: 'list', data: [{ id: 'served-model', object: 'model' }] }))
  }
  if (request.method === 'GET') return void response.end(metricsPage(life))
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = JSON.parse(Buffer.concat(chunks).toString()) as ChatBody
  const { authorization, traceparent, tracestate } = request.headers
  requests.push({
    ...body,
    ...(authorization === undefined ? {} : { authorization }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  })
  life.atOnce += 1
  life.mostAtOnce = Math.max(life.mostAtOnce, life.atOnce)
  response.once('close', () => {
    life.atOnce -= 1
    if (!response.writableFinished) leftAt.push(Date.now())
  })
  const text = lastText(body)
  const asked = /fault=([\w-]+)/u.exec(text)?.[1] ?? 'none'
  const fault = options.obeys === false ? 'none' : asked
  if (Date.now() < life.downUntil) return void refuse('503', 1, response)
  if (options.refusesPrefill === true && body.messages.at(-1)?.role === 'assistant') {
    return void refuse('prefill', 1, response)
  }
  const pauseMs = Number(/pause=(\d+)/u.exec(text)?.[1] ?? 0)
  const attempt = (tries.get(text) ?? 0) + 1
  tries.set(text, attempt)
  const firstMs = options.obeys === false ? 0 : Number(/first=(\d+)/u.exec(text)?.[1] ?? 0)
  if (refuse(fault, attempt, response)) return
  if (firstMs > 0) {
    response.writeHead(200, eventStream).flushHeaders()
    await new Promise(resolve => setTimeout(resolve, firstMs))
  }
  const floodCharacters = Number(/flood=(\d+)/u.exec(text)?.[1] ?? 0)
  if (floodCharacters > 0) return flood(floodCharacters, response, life)
  await stream(`echo: ${text}`, fault, pauseMs, response)
}

/** As many characters as are wanted, no faster than they are taken. */
async function flood(characters: number, response: ServerResponse, life: Life): Promise<void> {
  response.writeHead(200, eventStream)
  const piece = 'x'.repeat(1000)
  const chunk = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: piece }, finish_reason: null }] })}\n\n`
  const closed = new Promise<void>(resolve => response.once('close', resolve))
  for (life.flooded = 0; life.flooded < characters && !response.destroyed; life.flooded += piece.length) {
    if (response.write(chunk)) continue
    const drained = new Promise<void>(resolve => response.once('drain', resolve))
    await Promise.race([drained, closed])
  }
  response.end()
}

const eventStream = { 'content-type': 'text/event-stream' }

/** Faults before the first byte. True when the request was dealt with. */
function refuse(fault: string, attempt: number, response: ServerResponse): boolean {
  const error = (status: number, message: string, headers: Record<string, string> = {}): true => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: message } }))
    return true
  }
  if (fault === '429' && attempt === 1) return error(429, 'slow down')
  if (fault === '429-always') return error(429, 'slow down')
  if (fault === '429-after' && attempt === 1) return error(429, 'slow down', { 'retry-after': '1' })
  if (fault === '500-once' && attempt === 1) return error(500, 'oops')
  if (fault === '503') return error(503, 'overloaded')
  if (fault === 'context') return error(400, 'context_length_exceeded')
  if (fault === 'context-llama') return error(400, 'the request exceeds the available context size')
  if (fault === 'endless-error') {
    response.writeHead(400, { 'content-type': 'text/plain' })
    response.write('no')
    return true
  }
  if (fault === 'plain') {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ choices: [{ message: { content: 'not streamed' } }] }))
    return true
  }
  if (fault === 'filter') return error(400, 'content_policy_violation')
  if (fault === 'prefill') return error(400, 'assistant message prefill is not supported')
  if (fault === 'bad') return error(400, 'bad_request')
  if (fault === 'reset' || (fault === 'reset-once' && attempt === 1)) {
    response.socket?.resetAndDestroy()
    return true
  }
  return fault === 'silent'
}

async function stream(text: string, fault: string, pauseMs: number, response: ServerResponse): Promise<void> {
  const words = text.split(/(?<= )/u)
  if (!response.headersSent) response.writeHead(200, eventStream)
  const send = (data: unknown): void =>
    void response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
  for (const [index, word] of words.entries()) {
    if (response.destroyed) return
    const at = index / words.length
    if ((fault === 'cut' && at >= 0.4) || (fault === 'cut-late' && at >= 0.6)) {
      // What was written goes out first, as it would from a server that dies later.
      await new Promise(resolve => setTimeout(resolve, 20))
      return void response.socket?.destroy()
    }
    if (fault === 'stall' && at >= 0.4) return
    if (fault === 'endless-event' && at >= 0.4) return void response.write(`data: ${'x'.repeat(5 * 1024 * 1024)}`)
    if (fault === 'malformed' && at >= 0.4) return void response.end('data: {"choices": [\n\n')
    send({
      choices: [
        { index: 0, delta: { content: word }, logprobs: { content: [{ token: word, logprob: -0.05 * (index + 1) }] } },
      ],
    })
    if (pauseMs > 0) await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: fault === 'length' ? 'length' : 'stop' }] })
  const counted = fault === 'wild-usage' ? 1_000_000 : words.length
  if (fault !== 'no-usage') send({ choices: [], usage: { prompt_tokens: 11, completion_tokens: counted } })
  if (fault !== 'no-done') send('[DONE]')
  // Over a network, the end of the body is a packet of its own.
  await new Promise(resolve => setTimeout(resolve, 2))
  response.end()
}

/** A page as vLLM's, with the calls under way. */
function metricsPage({ requests }: Life): string {
  return [
    '# HELP vllm:num_requests_waiting Number of requests waiting to be processed.',
    '# TYPE vllm:num_requests_waiting gauge',
    `vllm:num_requests_waiting{engine="0",model_name="served"} ${requests.length}.0`,
    '',
  ].join('\n')
}

function lastText({ messages }: ChatBody): string {
  const content = messages.at(-1)?.content
  if (typeof content === 'string') return content
  return (content as { type: string; text?: string }[]).map(part => part.text ?? `<${part.type}>`).join(' ')
}
