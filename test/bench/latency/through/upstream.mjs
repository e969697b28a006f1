// A chat server that answers at once, streamed where it is asked to: a word and the usage. Its only cost is to read
// what it is sent.
import { createServer } from 'node:http'

const event = value => `data: ${JSON.stringify(value)}\n\n`
const answer =
  event({
    id: 'c',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: { content: 'yes' }, finish_reason: null }],
  }) +
  event({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }) +
  event({ id: 'c', object: 'chat.completion.chunk', choices: [], usage: { prompt_tokens: 8, completion_tokens: 1 } }) +
  'data: [DONE]\n\n'

const whole = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 8, completion_tokens: 1, total_tokens: 9 },
})

const server = createServer((request, response) => {
  const pieces = []
  request.on('data', piece => pieces.push(piece))
  request.once('end', () => {
    const isStreamed = Buffer.concat(pieces).includes('"stream":true')
    response.writeHead(200, { 'content-type': isStreamed ? 'text/event-stream' : 'application/json' })
    response.end(isStreamed ? answer : whole)
  })
})
server.keepAliveTimeout = 60_000
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => process.send(server.address().port))
