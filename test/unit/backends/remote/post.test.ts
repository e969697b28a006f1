import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent, FormData } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post } from '#services/backends/remote/wire/post'

let server: Server
let address: string
const seen: { readonly url: string | undefined; readonly type: string | undefined; readonly body: string }[] = []
const dispatcher = new Agent()

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', piece => (body += String(piece)))
    request.on('end', () => {
      seen.push({ url: request.url, type: request.headers['content-type'], body })
      response.writeHead(200, { 'x-kind': 'echo' }).end('done')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await dispatcher.close()
  await new Promise(resolve => server.close(resolve))
})

const redact = { shown: (words: string) => words, judged: (words: string) => words }

const ask = async (baseUrl: string, path: string, more: object = {}): Promise<string> => {
  const posted = { path, body: '{"a":1}', signal: new AbortController().signal, ...more }
  const response = await post({ baseUrl, headers: {}, dispatcher, redact }, posted)
  expect([response.status, response.header('x-kind')]).toEqual([200, 'echo'])
  let text = ''
  for await (const chunk of response.body) text += Buffer.from(chunk).toString()
  return text
}

describe('post()', () => {
  it.each([
    ['', '/chat/completions', '/chat/completions'],
    ['/', '/chat/completions', '/chat/completions'],
    ['/v1', '/chat/completions', '/v1/chat/completions'],
    ['/v1/', '/chat/completions', '/v1/chat/completions'],
    ['/a%20b/v1beta', '/models/x%2Fy:generate?alt=sse', '/a%20b/v1beta/models/x%2Fy:generate?alt=sse'],
    ['/v1?api-version=1', '/chat/completions', '/v1/chat/completions?api-version=1'],
    ['/v1?key=1', '/x?alt=sse', '/v1/x?alt=sse&key=1'],
  ])('goes to %j and %j', async (root, path, url) => {
    expect(await ask(`http://${address}${root}`, path)).toBe('done')
    expect(seen.at(-1)).toEqual({ url, type: 'application/json', body: '{"a":1}' })
  })

  it('sends a form under its own type', async () => {
    const body = new FormData()
    body.set('model', 'whisper')
    expect(await ask(`http://${address}/v1`, '/audio/transcriptions', { body, form: true })).toBe('done')
    expect(seen.at(-1)).toMatchObject({
      type: expect.stringContaining('multipart/form-data; boundary='),
      body: expect.stringContaining('whisper'),
    })
  })

  it('tells a connection that does not come about from one that breaks', async () => {
    await expect(ask('http://127.0.0.1:1/v1', '/x')).rejects.toMatchObject({ fault: 'connect' })
  })
})
