// Cancelling: from the client's leaving to the end of the work, through a whole gateway. A leg that streams from a
// server over HTTP (the server sees its connection close), one that decodes token by token in a thread (Whisper; its
// receipt says when it stopped), and one that waits in a queue. What each left behind is then compared with what was
// billed. node test/bench/load/cancel.mjs [--times 30] [--json FILE]; Whisper needs its pack (`sluice models pull`)
import { Metadata } from '@grpc/grpc-js'
import { Redis } from 'ioredis'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { echoLadder, machine, quantile, seeded, startSystem, until } from '../measure/system.mjs'

const { values } = parseArgs({ options: { times: { type: 'string', default: '30' }, json: { type: 'string' } } })
const times = Number(values.times)
const random = seeded(1)
const card = { title: 'Chat', licence: 'none', source: 'none', trainingData: 'none', limits: 'none' }
const price = { perOutputToken: 1000, perComputeSecond: 11_000 }

const chats = []
const server = createServer((request, response) => {
  request.resume()
  // Workers look at what models a server has.
  if (request.method === 'GET') {
    response.end('{"data":[{"id":"m"}]}')
    return
  }
  const chat = { words: 0, closedAt: undefined }
  chats.push(chat)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const talking = setInterval(() => {
    chat.words += 1
    const choices = [{ index: 0, delta: { content: 'word ' }, finish_reason: null }]
    response.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices })}\n\n`)
  }, 20)
  response.once('close', () => {
    chat.closedAt = Date.now()
    clearInterval(talking)
  })
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))

const config = echoLadder([{ name: 'narrow', pool: { concurrency: 1 }, backend: { delayMs: 60_000 }, price }])
config.ladders.generate.rungs = ['narrow']
config.pools.chat = { tier: 'chat', concurrency: 4 }
config.models.chat = {
  pool: 'chat',
  tasks: ['generate'],
  modalities: ['text'],
  backend: { kind: 'openai', baseUrl: `http://127.0.0.1:${server.address().port}/v1`, model: 'm', logprobs: false },
  price,
  card,
}
const hasWhisper = existsSync(join(homedir(), '.cache', 'sluice', 'packs', 'whisper-tiny'))
if (hasWhisper) {
  config.pools.speech = { tier: 'speech', concurrency: 1 }
  const backend = { kind: 'whisper', pack: 'whisper-tiny' }
  config.models.whisper = { pool: 'speech', tasks: ['transcribe'], modalities: ['audio'], backend, price, card }
  config.ladders.transcribe = { task: 'transcribe', modalities: ['audio'], rungs: ['whisper'] }
}
const system = await startSystem(config)
const redis = new Redis({ path: system.redisSocket })
const scenarios = []
try {
  await chatting()
  if (hasWhisper) await listening()
  await waiting()
  for (const one of scenarios) process.stdout.write(`${JSON.stringify(one)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ machine, scenarios }, undefined, 2))
} finally {
  redis.disconnect()
  await system.stop()
  server.closeAllConnections()
}
process.exit(0)

function row(name, metric, value) {
  scenarios.push({ name: `cancel: ${name}`, concurrency: 1, metric, value: Number(value.toFixed(2)) })
}

/** Sends a call and leaves it after a while; gives when it was left. */
async function leaveAfter(request, ms) {
  const call = system.client.infer(request, new Metadata(), () => {})
  await until(performance.now() + ms)
  call.cancel()
  return Date.now()
}

/** The receipts of the newest cascade, once every leg that began has one. */
async function receiptsOf(before) {
  for (;;) {
    const [key] = (await redis.keys('bench:{c:*')).filter(one => !before.has(one))
    const cascade = key === undefined ? {} : await redis.hgetall(key)
    const begun = cascade['l0:a'] !== undefined
    if (cascade.end !== undefined && (!begun || cascade['l0:e'] !== undefined)) {
      return begun ? [JSON.parse(cascade['l0:e']).receipt] : []
    }
    await until(performance.now() + 5)
  }
}

async function cascades() {
  return new Set(await redis.keys('bench:{c:*'))
}

function costOf({ outputTokens = 0, computeMs = 0 }) {
  return outputTokens * price.perOutputToken + (computeMs / 1000) * price.perComputeSecond
}

async function chatting() {
  const stops = []
  let most = 0
  for (let turn = 0; turn < times; turn += 1) {
    const before = await cascades()
    const constraints = { model: 'chat' }
    const leftAt = await leaveAfter(
      { task: 'TASK_GENERATE', content: [{ text: `hello ${turn}` }], constraints },
      250 + 300 * random(),
    )
    const [receipt] = await receiptsOf(before)
    const chat = chats.at(-1)
    while (chat.closedAt === undefined) await until(performance.now() + 2)
    stops.push(chat.closedAt - leftAt)
    most = Math.max(most, (receipt?.usage.outputTokens ?? 0) / Math.max(1, chat.words))
  }
  row('a chat over HTTP', 'ms from leaving to the closed connection, median', quantile(stops, 0.5))
  row('a chat over HTTP', 'ms from leaving to the closed connection, p95', quantile(stops, 0.95))
  row('a chat over HTTP', 'tokens billed / words sent by the server, at most', most)
}

/** Some thirty seconds of speech, so that decoding takes a while. */
function speech() {
  const clips = ['four-digits', 'three-digits', 'noisy', 'accent', 'two-digits', 'crowd', 'two-speakers'].map(name =>
    readFileSync(new URL(`../../../deploy/demo/audio/${name}.wav`, import.meta.url)),
  )
  const data = Buffer.concat(clips.map(clip => clip.subarray(44)))
  const head = Buffer.from(clips[0].subarray(0, 44))
  head.writeUInt32LE(36 + data.length, 4)
  head.writeUInt32LE(data.length, 40)
  return Buffer.concat([head, data])
}

/** A run is one encoding, which onnxruntime cannot break off, and then a step for every token. */
async function listening() {
  const constraints = { model: 'whisper' }
  const request = { task: 'TASK_TRANSCRIBE', content: [{ audio: { bytes: speech() } }], constraints }
  const runs = [await system.infer(request), await system.infer(request), await system.infer(request)]
  const wholeMs = Math.min(...runs.map(one => one.elapsedMs))
  const decoding = []
  const encoding = []
  const billed = []
  for (let turn = 0; turn < times * 3 && decoding.length < times; turn += 1) {
    const before = await cascades()
    const leftAt = await leaveAfter(request, wholeMs * (0.4 + 0.55 * random()))
    const [receipt] = await receiptsOf(before)
    if (receipt === undefined || receipt.endedAt < leftAt) continue
    const stops = (receipt.usage.outputTokens ?? 0) > 0 ? decoding : encoding
    stops.push(receipt.endedAt - leftAt)
    billed.push((receipt.usage.computeMs ?? 0) / Math.max(1, receipt.endedAt - receipt.startedAt))
  }
  row('Whisper, token by token', 'ms of the whole run', wholeMs)
  row('Whisper, token by token', 'ms from leaving to the end while decoding, median', quantile(decoding, 0.5))
  row('Whisper, token by token', 'ms from leaving to the end while decoding, p95', quantile(decoding, 0.95))
  row('Whisper, token by token', 'times that it was decoding', decoding.length)
  row('Whisper, encoding', 'ms from leaving to the end, median', quantile(encoding, 0.5))
  row('Whisper, encoding', 'times that it was encoding', encoding.length)
  row('Whisper', 'compute billed / time at work, at most', Math.max(...billed))
}

async function waiting() {
  const request = {
    task: 'TASK_GENERATE',
    content: [{ text: 'one' }],
    constraints: { model: 'narrow', deadline: { seconds: 100 } },
  }
  const line = '{bench:pool:narrow}:fairQueue:wait'
  const blocking = system.client.infer(request, new Metadata(), () => {})
  await until(performance.now() + 500)
  const spentBefore = await spent()
  const stops = []
  for (let turn = 0; turn < times; turn += 1) {
    const call = system.client.infer(request, new Metadata(), () => {})
    while ((await redis.zcard(line)) === 0) await until(performance.now() + 1)
    call.cancel()
    const leftAt = performance.now()
    while ((await redis.zcard(line)) > 0) await until(performance.now() + 1)
    stops.push(performance.now() - leftAt)
  }
  await until(performance.now() + 2000)
  row('a waiting leg', 'ms from leaving to its place in the queue given up, median', quantile(stops, 0.5))
  row('a waiting leg', 'nano-USD billed', (await spent()) - spentBefore)
  const before = await cascades()
  blocking.cancel()
  await until(performance.now() + 1000)
  const ends = await Promise.all([...before].map(key => redis.hgetall(key)))
  const receipts = ends.flatMap(cascade => (cascade['l0:e'] === undefined ? [] : JSON.parse(cascade['l0:e']).receipt))
  const used = receipts.reduce((sum, { usage }) => sum + Math.ceil(costOf(usage) - 1e-6), 0)
  await until(performance.now() + 8000)
  row('all of it', 'nano-USD billed / used by the receipts', (await spent()) / used)
}

function spent() {
  return new Promise(resolve => {
    system.client.getBudget({}, (_error, answer) => resolve(answer?.budgets[0]?.spentNanoUsd ?? 0))
  })
}
