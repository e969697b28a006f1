import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ImageGenerateParamsNonStreaming } from 'openai/resources/images'

/** A server that draws: it answers every prompt with one picture, and fails on demand. */
export interface ImageServer {
  readonly baseUrl: string
  /** Requests that came, as they were sent. */
  readonly requests: readonly ImageGenerateParamsNonStreaming[]
  /** How many clients closed the connection before their answer ended. */
  readonly left: number
  close(): Promise<void>
}

/** Starts the server. `fault=…` in the prompt names a fault, `pause=MS` how long it draws. */
export async function startImageServer(picture: Uint8Array): Promise<ImageServer> {
  const requests: ImageGenerateParamsNonStreaming[] = []
  const life = { left: 0 }
  const server = createServer((request, response) => {
    response.once('close', () => {
      if (!response.writableFinished) life.left += 1
    })
    void answer(request, response, picture, requests)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    get left() {
      return life.left
    },
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  picture: Uint8Array,
  requests: ImageGenerateParamsNonStreaming[],
): Promise<void> {
  // Workers look at what models a server has.
  if (request.method === 'GET') return reply(response, 404, { error: { message: 'no such page' } })
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = JSON.parse(Buffer.concat(chunks).toString()) as ImageGenerateParamsNonStreaming
  requests.push(body)
  const fault = /fault=([\w-]+)/u.exec(body.prompt)?.[1] ?? 'none'
  await new Promise(resolve => setTimeout(resolve, Number(/pause=(\d+)/u.exec(body.prompt)?.[1] ?? 0)))
  const before = requests.filter(one => one.prompt === body.prompt).length
  const refusal = refusals[fault]
  if (request.url !== '/v1/images/generations') return reply(response, 404, { error: { message: 'no such page' } })
  if (refusal !== undefined && !(fault === '500-once' && before > 1)) {
    const [status, message] = refusal
    return reply(response, status, { error: { message, type: 'image_generation_user_error' } })
  }
  reply(response, 200, replyOf(fault, Buffer.from(picture)))
}

const refusals: Readonly<Record<string, readonly [number, string]>> = {
  bad: [400, 'Invalid size'],
  filter: [400, 'Your request was rejected as a result of our safety system: content_policy_violation'],
  '429-always': [429, 'slow down'],
  '500-once': [500, 'oops'],
}

function replyOf(fault: string, picture: Buffer): object {
  const one = picture.toString('base64')
  const usage = { input_tokens: 12, output_tokens: 272, total_tokens: 284 }
  if (fault === 'no-data') return { created: 1, data: [], usage }
  if (fault === 'address') return { created: 1, data: [{ url: 'https://example.org/a.png' }] }
  if (fault === 'no-base64') return { created: 1, data: [{ b64_json: `${one.slice(0, 40)}!${one.slice(41)}` }] }
  if (fault === 'cut') return { created: 1, data: [{ b64_json: one.slice(0, -3) }] }
  if (fault === 'no-picture') return { created: 1, data: [{ b64_json: Buffer.from('hello').toString('base64') }] }
  if (fault === 'no-usage') return { created: 1, data: [{ b64_json: one }] }
  if (fault === 'wild-usage') return { data: [{ b64_json: one }], usage: { ...usage, output_tokens: 1_000_000 } }
  if (fault === 'huge') {
    const padded = Buffer.concat([picture, Buffer.alloc(16 * 1024 * 1024)])
    return { created: 1, data: [{ b64_json: padded.toString('base64') }] }
  }
  return { created: 1, data: [{ b64_json: one }], usage }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
