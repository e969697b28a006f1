// Stand-ins for the servers of deploy/config/vllm.yaml: they speak OpenAI's protocol for real, and know very little.
// They let the ladder be tried without a graphics card. `curl -X PUT
// 'http://127.0.0.1:8002/queue?waiting=40&running=4'` makes one say that it is busy. node
// scripts/policies/stand-in-servers.mjs [--ports 8001,8002,8003,8004]
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import sharp from 'sharp'

const { values } = parseArgs({ options: { ports: { type: 'string', default: '8001,8002,8003,8004' } } })
const ports = values.ports.split(',').map(Number)
const answerers = [small, mixture, mixture, vision]
let asked = 0

const addresses = await Promise.all(ports.map((port, place) => listen(answerers[place], port)))
process.stdout.write(`ready ${addresses.join(' ')}\n`)

function listen(answer, port) {
  let queue = { waiting: '0', running: '0' }
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') return response.end(metricsPage(queue))
    if (request.method === 'PUT') {
      queue = Object.fromEntries(new URL(request.url, 'http://stand-in').searchParams)
      return response.end()
    }
    let text = ''
    for await (const piece of request) text += piece
    return stream(await answer(readChat(JSON.parse(text))), response)
  })
  return new Promise(resolve => {
    server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}/v1`))
  })
}

/** A page as vLLM's. */
function metricsPage({ waiting, running }) {
  return `vllm:num_requests_waiting{engine="0"} ${waiting}\nvllm:num_requests_running{engine="0"} ${running}\n`
}

/** What is asked: the text of the last message, its pictures, and the served model. */
function readChat({ model, messages }) {
  const content = messages.at(-1).content
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  return {
    model,
    text: parts.map(part => part.text ?? '').join(' '),
    images: parts.flatMap(part => (part.type === 'image_url' ? [part.image_url.url] : [])),
  }
}

/** Sure of capitals, unsure of all else. */
function small({ text }) {
  if (/capital of France/iu.test(text)) return { text: 'Paris', chance: 0.98 }
  return { text: 'It may be 42.', chance: 0.4 }
}

/** Multiplies when it may think, mostly; its adapter speaks of contracts. */
function mixture({ model, text }) {
  if (model === 'legal-v3') return { text: 'A contract needs an offer, an acceptance and consideration.', chance: 0.95 }
  const [, a, b] = /(\d+)\s*(?:\*|×|times)\s*(\d+)/u.exec(text) ?? []
  if (a === undefined || !text.includes('step by step')) return { text: 'I am not sure.', chance: 0.5 }
  asked += 1
  // One chain of thought in five slips.
  const product = Number(a) * Number(b) - (asked % 5 === 0 ? 10 : 0)
  const tens = Math.floor(Number(b) / 10) * 10
  return {
    text: `${a} × ${tens} = ${a * tens}, ${a} × ${b - tens} = ${a * (b - tens)}.\nAnswer: ${product}`,
    chance: 0.8,
  }
}

/** Really looks at a picture: its size and its mean colour. */
async function vision({ text, images }) {
  const [url] = images
  if (url === undefined) return { text: `A long and careful answer to: ${text.slice(0, 60)}`, chance: 0.9 }
  const picture = sharp(Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'))
  const { width, height } = await picture.metadata()
  const { dominant } = await picture.stats()
  const words = Object.entries(dominant).map(([name, level]) => `${name} ${level}`)
  return {
    text: `A picture of ${width} × ${height} pixels; its commonest colour is ${words.join(', ')}.`,
    chance: 0.92,
  }
}

async function stream({ text, chance }, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = chunk => response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  const words = text.split(/(?<=\s)/u)
  for (const word of words) {
    const logprobs = { content: [{ token: word, logprob: Math.log(chance) }] }
    send({ choices: [{ index: 0, delta: { content: word }, logprobs, finish_reason: null }] })
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
  send({ choices: [], usage: { prompt_tokens: 30, completion_tokens: words.length } })
  response.end('data: [DONE]\n\n')
}
