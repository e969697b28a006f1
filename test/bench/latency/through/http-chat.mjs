import { Agent, request } from 'undici'

/** Makes a caller of an OpenAI-compatible server that reads the whole answer; connections are kept. */
export function httpChat(port, { headers = {}, model = 'mock', content = 'is this a question?', stream = true } = {}) {
  const dispatcher = new Agent({ connections: 1024, pipelining: 1 })
  const body = JSON.stringify({
    model,
    messages: [{ role: 'user', content }],
    max_tokens: 64,
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
  })
  return async () => {
    const answer = await request(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json', authorization: 'Bearer none', ...headers },
      body,
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200 || !text.includes('yes')) throw new Error(`status ${answer.statusCode}`)
  }
}
