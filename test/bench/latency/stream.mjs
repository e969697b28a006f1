// Measures what Sluice adds to the first token of a streamed answer, and the pace of the tokens: the same chat asked
// of the same server directly and through router, Redis and worker, by turns, each from a client that keeps its
// connection. Then a client reads a long answer at 1 kB/s, and the router's memory is looked at. Needs `npm run build`
// and redis-server. node test/bench/latency/stream.mjs [--calls 400] [--slow-seconds 20] [--json FILE]
import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { meets } from '../runner/rows.mjs'
import { Agent, fetch } from 'undici'

/** Words of a long answer, of which the pace is taken: 500 tokens a second, as a fast server gives them. */
const longWords = 300
const wordMs = 2

/**
 * An upstream: twenty words, or as many as the prompt names, one each 2 ms; or as many bytes as the prompt names, as
 * fast as they are taken.
 */
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
    const words = Number(/words=(\d+)/u.exec(body)?.[1] ?? 20)
    if (flood === 0) {
      const beganAt = performance.now()
      for (let word = 0; word < words; word += 1) {
        response.write(chunk(`word${word} `))
        // By the clock, so that a late timer is made up for.
        const waitMs = beganAt + (word + 1) * wordMs - performance.now()
        if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
      }
    }
    stats.sentBytes = 0
    while (stats.sentBytes < flood && !response.destroyed) {
      const text = chunk('x'.repeat(1000))
      stats.sentBytes += 1000
      if (!response.write(text)) await drained(response)
    }
    response.write(chunk('', 'stop'))
    response.write(
      `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 8, completion_tokens: words } })}\n\n`,
    )
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

/** Asks so many times each way, sixteen at once and then a while one by one. */
async function warmUp(variants, calls) {
  const caller = async count => {
    for (let call = 0; call < count; call += 1) await Promise.all(variants.map(way => way.ask('words=2')))
  }
  await Promise.all(Array.from({ length: 16 }, () => caller(calls / 16)))
  await caller(calls / 40)
}

/** Runs the scenario. Rows: name, concurrency, metric, value, and bare and ratio where there is a counterpart. */
export async function run(options = {}) {
  const { quick = false } = options
  const { calls = quick ? 20 : 400, slowSeconds = quick ? 2 : 20 } = options
  const { startSystem } = await import('../measure/system.mjs')
  const upstream = fork(fileURLToPath(import.meta.url), ['server'])
  const port = await new Promise(resolve => upstream.once('message', resolve))
  const baseUrl = `http://127.0.0.1:${port}/v1`
  const system = await startSystem(configOf(baseUrl))
  try {
    const agent = new Agent()
    const variants = [
      { name: 'direct', ask: prompt => askDirectly(baseUrl, agent, prompt) },
      { name: 'through', ask: prompt => askThrough(system, prompt) },
    ]
    // Code that has seldom run is not compiled yet; both sides are measured as they run for the rest of their lives.
    await warmUp(variants, quick ? 100 : 8000)
    const first = { direct: [], through: [] }
    const pace = { direct: [], through: [] }
    for (let call = 0; call < calls; call += 1) {
      for (const { name, ask } of variants) first[name].push((await ask('hello')).firstMs)
      if (call % 20 !== 0) continue
      for (const { name, ask } of variants)
        pace[name].push((longWords * 1000) / (await ask(`words=${longWords}`)).lastMs)
    }
    const row = (metric, value, bare, target) => ({
      name: 'stream',
      concurrency: 1,
      metric,
      value,
      ...(bare === undefined ? {} : { bare, ratio: value / bare }),
      ...(target === undefined ? {} : { target, met: meets(bare === undefined ? value : value / bare, target) }),
    })
    const at = (metric, lists, share, target) =>
      row(metric, quantile(lists.through, share), quantile(lists.direct, share), target)
    return [
      at('first token p50, ms', first, 0.5),
      at('first token p90, ms', first, 0.9),
      at('first token p99, ms', first, 0.99),
      row(
        'added to the first token at the median, ms',
        quantile(first.through, 0.5) - quantile(first.direct, 0.5),
        undefined,
        '<= 2',
      ),
      at('tokens/s of one answer', pace, 0.5, '>= 0.95'),
      ...(slowSeconds > 0 ? await readSlowly(system, port, slowSeconds) : []).map(({ metric, value }) =>
        row(metric, value),
      ),
    ]
  } finally {
    await system.stop()
    upstream.kill()
  }
}

function configOf(baseUrl) {
  return {
    version: 1,
    auth: { anonymous: true, anonymousScopes: ['infer'] },
    budgets: { tenantPerDayUsd: 1000 },
    limits: { longestDeadlineMs: 600_000 },
    pools: { large: { tier: 'large', concurrency: 16 } },
    models: {
      large: {
        pool: 'large',
        tasks: ['generate'],
        modalities: ['text'],
        backend: { kind: 'openai', baseUrl, model: 'large', logprobs: false },
        price: { perInputToken: 1, perOutputToken: 1 },
        card: { title: 'A', licence: 'none', source: 'a bench', trainingData: 'none', limits: 'none' },
      },
    },
    ladders: { generate: { task: 'generate', modalities: ['text'], rungs: ['large'] } },
  }
}

async function askDirectly(baseUrl, agent, prompt) {
  const startedAt = performance.now()
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'large', messages: [{ role: 'user', content: prompt }], stream: true }),
  })
  let firstMs
  for await (const piece of response.body) {
    if (piece.byteLength > 0) firstMs ??= performance.now() - startedAt
  }
  return { firstMs, lastMs: performance.now() - startedAt }
}

function askThrough(system, prompt) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    let firstMs
    const call = system.client.inferStream({ task: 'TASK_GENERATE', content: [{ text: prompt }] })
    call.on('data', event => {
      if (event.event === 'textDelta') firstMs ??= performance.now() - startedAt
    })
    call.once('error', reject)
    call.once('end', () => resolve({ firstMs, lastMs: performance.now() - startedAt }))
  })
}

async function main() {
  const { machine } = await import('../measure/system.mjs')
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '400' },
      'slow-seconds': { type: 'string', default: '20' },
      json: { type: 'string' },
    },
  })
  const rows = await run({ calls: Number(values.calls), slowSeconds: Number(values['slow-seconds']) })
  for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ machine, scenarios: rows }, undefined, 2))
  process.exit(0)
}

/**
 * A client that takes an answer of 64 MB at about 1 kB/s: what the upstream could send meanwhile, and what the
 * router's memory did.
 */
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

if (process.argv[2] === 'server') serve()
else if (import.meta.url === pathToFileURL(process.argv[1]).href) await main()
