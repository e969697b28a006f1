// Measures what Sluice adds to the first token of a streamed answer: the same chat asked of the same server directly and through
// router, Redis and worker, by turns, each from a client that keeps its connection. Then a client reads a long answer at 1 kB/s,
// and the router's memory is looked at. Needs `npm run build` and redis-server.
// node test/bench/stream.mjs [--calls 400] [--slow-seconds 20] [--json FILE]
import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Agent, fetch } from 'undici'

if (process.argv[2] === 'server') serve()
else await measure()

/** An upstream: twenty words, one each 2 ms; or as many bytes as the prompt names, as fast as they are taken. */
function serve() {
  const stats = { sentBytes: 0 }
  const chunk = (text, finish = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text }, finish_reason: finish }] })}\n\n`
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    if (request.url === '/stats') return response.end(JSON.stringify(stats))
    const flood = Number(/flood=(\d+)/u.exec(body)?.[1] ?? 0)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (flood === 0) {
      for (let word = 0; word < 20; word += 1) {
        response.write(chunk(`word${word} `))
        await new Promise(resolve => setTimeout(resolve, 2))
      }
    }
    stats.sentBytes = 0
    while (stats.sentBytes < flood && !response.destroyed) {
      const text = chunk('x'.repeat(1000))
      stats.sentBytes += 1000
      if (!response.write(text)) await drained(response)
    }
    response.write(chunk('', 'stop'))
    response.write(`data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 8, completion_tokens: 20 } })}\n\n`)
    response.end('data: [DONE]\n\n')
    return undefined
  })
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
}

/** Resolves when the response takes more, or is gone. */
function drained(response) {
  return new Promise(resolve => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

async function measure() {
  const { startSystem } = await import('./system.mjs')
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '400' },
      'slow-seconds': { type: 'string', default: '20' },
      json: { type: 'string' },
    },
  })
  const upstream = fork(fileURLToPath(import.meta.url), ['server'])
  const port = await new Promise(resolve => upstream.once('message', resolve))
  const baseUrl = `http://127.0.0.1:${port}/v1`
  const card = { title: 'A', licence: 'none', source: 'a bench', trainingData: 'none', limits: 'none' }
  const system = await startSystem({
    version: 1,
    auth: { anonymous: true, anonymousScopes: ['infer'] },
    budgets: { tenantPerDayUsd: 1000 },
    limits: { longestDeadlineMs: 600_000 },
    pools: { large: { tier: 'large', lanes: 16 } },
    models: {
      large: {
        pool: 'large',
        tasks: ['generate'],
        modalities: ['text'],
        backend: { kind: 'openai', baseUrl, model: 'large', logprobs: false },
        price: { perInputToken: 1, perOutputToken: 1 },
        card,
      },
    },
    ladders: { generate: { task: 'generate', modalities: ['text'], rungs: ['large'] } },
  })
  const agent = new Agent()
  const direct = async () => {
    const startedAt = performance.now()
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'large', messages: [{ role: 'user', content: 'hello' }], stream: true }),
    })
    let firstMs
    for await (const piece of response.body) {
      if (piece.byteLength > 0) firstMs ??= performance.now() - startedAt
    }
    return firstMs
  }
  const through = () =>
    new Promise((resolve, reject) => {
      const startedAt = performance.now()
      let firstMs
      const call = system.client.inferStream({ task: 'TASK_GENERATE', content: [{ text: 'hello' }] })
      call.on('data', event => {
        if (event.event === 'textDelta') firstMs ??= performance.now() - startedAt
      })
      call.once('error', reject)
      call.once('end', () => resolve(firstMs))
    })
  for (let warm = 0; warm < 100; warm += 1) await Promise.all([direct(), through()])
  const times = { direct: [], through: [] }
  for (let call = 0; call < Number(values.calls); call += 1) {
    times.direct.push(await direct())
    times.through.push(await through())
  }
  const slow = await readSlowly(system, port, Number(values['slow-seconds']))
  await system.stop()
  upstream.kill()
  const row = (metric, list) => ({
    metric,
    p10: quantile(list, 0.1),
    p50: quantile(list, 0.5),
    p90: quantile(list, 0.9),
    p99: quantile(list, 0.99),
  })
  const scenarios = [
    row('first token, direct, ms', times.direct),
    row('first token, through, ms', times.through),
    {
      metric: 'added to the first token at the median, ms',
      value: quantile(times.through, 0.5) - quantile(times.direct, 0.5),
    },
    ...slow,
  ]
  const result = { machine: { cpus: cpus().length, model: cpus()[0]?.model, node: process.version }, scenarios }
  for (const one of scenarios) process.stdout.write(`${JSON.stringify(one)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(result, undefined, 2))
  process.exit(0)
}

/** A client that takes an answer of 64 MB at about 1 kB/s: what the upstream could send meanwhile, and what the router's memory did. */
async function readSlowly(system, port, seconds) {
  const router = system.pidOf('router')
  const before = residentMegabytes(router)
  let taken = 0
  const call = system.client.inferStream({
    task: 'TASK_GENERATE',
    content: [{ text: 'flood=64000000' }],
    constraints: { deadline: { seconds: 300, nanos: 0 } },
  })
  const ended = new Promise(resolve => call.once('error', resolve).once('end', resolve))
  call.on('data', event => {
    taken += event.textDelta?.text.length ?? 0
    call.pause()
    setTimeout(() => call.resume(), event.textDelta?.text.length ?? 0)
  })
  const peaks = []
  for (let second = 0; second < seconds; second += 1) {
    await new Promise(resolve => setTimeout(resolve, 1000))
    peaks.push(residentMegabytes(router))
  }
  const { sentBytes } = await (await fetch(`http://127.0.0.1:${port}/stats`)).json()
  call.cancel()
  await ended
  return [
    { metric: 'slow client: characters that it took', value: taken },
    { metric: 'slow client: characters that the server could send', value: sentBytes },
    { metric: 'slow client: growth of the router, MB', value: Math.max(...peaks) - before },
  ]
}

function residentMegabytes(pid) {
  return Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

function quantile(list, share) {
  return list.toSorted((one, other) => one - other)[Math.floor(share * (list.length - 1))]
}
