// A chat server that answers at once: one event with a word, one with the usage. Its only cost is to read what it is
// sent.
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

const server = createServer((request, response) => {
  request.resume()
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(answer)
  })
})
server.keepAliveTimeout = 60_000
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => process.send(server.address().port))
