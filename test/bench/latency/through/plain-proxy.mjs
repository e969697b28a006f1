// The least that stands between gRPC and the OpenAI wire: takes the same call as Sluice, writes it as a chat, reads
// the answer, gives it back. No credentials, no limits, no queue.
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'
import { loadServices, typesOf } from '../../../../dist/services/wire/load-proto.js'

const [port] = process.argv.slice(2)
const dispatcher = new Agent({ connections: 1024 })
const { service } = typesOf(loadServices(fileURLToPath(new URL('../../../..', import.meta.url)))).sluice.v1.Gateway

/** Gives the words of an event stream. */
function wordsOf(stream) {
  return stream
    .split('\n\n')
    .filter(event => event.startsWith('data: {'))
    .map(event => JSON.parse(event.slice('data: '.length)).choices[0]?.delta?.content ?? '')
    .join('')
}

function contentOf(part) {
  if (part.text !== undefined && part.text !== '') return { type: 'text', text: part.text }
  return { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${part.image.bytes.toString('base64')}` } }
}

async function infer(call, done) {
  try {
    const content = call.request.content.map(contentOf)
    const answer = await request(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'mock', stream: true, messages: [{ role: 'user', content }] }),
    })
    done(null, { output: { text: wordsOf(await answer.body.text()) } })
  } catch (error) {
    done(error)
  }
}

const server = new Server({ 'grpc.max_receive_message_length': 24e6 })
server.addService(service, { infer })
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
  if (error !== null) throw error
  process.send(bound)
})
