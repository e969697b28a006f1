// The same chat over HTTP and over gRPC, whole and streamed, by turns: what a request costs the router. The load, the
// model server, Redis, router and worker are a process each. Over HTTP each caller has a connection of its own. Over
// gRPC it is the same, and beside that all callers share one connection.
import { Agent, request } from 'undici'
import { bearer, borrowPolicy, card, credential, everythingOn, firstRung } from '../measure/deployment.mjs'
import { closedLoop, interleave, medianOf } from '../measure/closed-loop.mjs'
import { cpuMsOf } from '../measure/usage.mjs'
import { quantile, startSystem } from '../measure/system.mjs'
import { startServer } from './through/peers.mjs'

const question = 'is this a question?'

/** Measures both edges at several concurrencies. */
export async function run({ quick = false, report = () => {}, concurrencies } = {}) {
  const upstream = await startServer('upstream.mjs')
  const system = await startSystem(configOf(upstream.port))
  try {
    const kinds = {
      whole: {
        grpc: overGrpc(system, wholeCall),
        shared: overGrpc(system, wholeCall, 1),
        http: overHttp(system, false),
      },
      streamed: {
        grpc: overGrpc(system, streamedCall),
        shared: overGrpc(system, streamedCall, 1),
        http: overHttp(system, true),
      },
    }
    const warm = { concurrency: 32, seconds: quick ? 0.5 : 10, most: 4000 }
    for (const variants of Object.values(kinds))
      for (const call of Object.values(variants)) await closedLoop(call, warm)
    const rows = []
    for (const concurrency of concurrencies ?? (quick ? [8] : [1, 32, 256])) {
      for (const [kind, variants] of Object.entries(kinds)) {
        report(`${kind}, ${concurrency} at once`)
        rows.push(...(await measureAt(variants, { kind, concurrency, quick, report }, system.routerPid)))
      }
    }
    return rows
  } finally {
    await system.stop()
    upstream.stop()
  }
}

async function measureAt(variants, { kind, concurrency, quick, report }, routerPid) {
  const seen = await interleave(variants, quick ? 1 : 5, async (call, name) => {
    const before = cpuMsOf([routerPid])
    const measured = await closedLoop(call, { concurrency, seconds: quick ? 0.5 : 2 })
    if (measured.failed > 0) report(`${name}: ${measured.failed} calls failed: ${measured.fault}`)
    const n = measured.times.length
    return { cpuMs: (cpuMsOf([routerPid]) - before) / n, p50: quantile(measured.times, 0.5), n }
  })
  const middle = (name, figure) => medianOf(seen.get(name).map(turn => turn[figure]))
  const n = seen.get('http').reduce((sum, turn) => sum + turn.n, 0)
  const row = (metric, figure, { against = 'grpc', target } = {}) => ({
    metric: `${metric}, ${kind}`,
    unit: 'ms',
    concurrency,
    n,
    ours: middle('http', figure),
    counterpart: middle(against, figure),
    counterpartName: against === 'grpc' ? 'gRPC' : 'gRPC on one connection',
    against: 'bare',
    ...(target === undefined ? {} : { target }),
  })
  return [
    row('CPU of the router a request', 'cpuMs', { target: '<= 1' }),
    row('CPU of the router a request', 'cpuMs', { against: 'shared' }),
    row('p50', 'p50'),
  ]
}

function configOf(port) {
  const model = {
    pool: 'served',
    tasks: ['generate'],
    modalities: ['text'],
    backend: { kind: 'openai', baseUrl: `http://127.0.0.1:${port}/v1`, model: 'mock', logprobs: false },
    price: { perInputToken: 1, perOutputToken: 1 },
    card,
  }
  return everythingOn({
    pools: { served: { tier: 'served', concurrency: 256, maxWaiting: 20_000 } },
    models: { first: model, second: model },
    policy: borrowPolicy(['first', 'second']),
  })
}

const asked = {
  task: 'TASK_GENERATE',
  messages: [{ role: 'ROLE_USER', parts: [{ text: question }] }],
  options: { maxOutputTokens: 64 },
  constraints: firstRung,
}

async function wholeCall(system, client, metadata) {
  const { failure } = await system.infer(asked, metadata, client)
  if (failure !== undefined) throw new Error(JSON.stringify(failure))
}

function streamedCall(_system, client, metadata) {
  return new Promise((resolve, reject) => {
    const call = client.inferStream(asked, metadata)
    call.on('data', () => {})
    call.once('error', reject).once('end', resolve)
  })
}

/** Calls over one connection, or over one for each caller. */
function overGrpc(system, call, connections) {
  const metadata = credential()
  if (connections === 1) {
    const client = system.connect()
    return () => call(system, client, metadata)
  }
  const free = []
  return async () => {
    const client = free.pop() ?? system.connect()
    try {
      await call(system, client, metadata)
    } finally {
      free.push(client)
    }
  }
}

function overHttp({ httpPort }, stream) {
  const dispatcher = new Agent({ connections: 1024, pipelining: 1 })
  const body = JSON.stringify({
    model: 'auto',
    messages: [{ role: 'user', content: question }],
    max_tokens: 64,
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
  })
  const headers = {
    'content-type': 'application/json',
    authorization: bearer,
    'x-sluice-min-quality': String(firstRung.minQuality),
    'x-sluice-deadline-ms': String(firstRung.deadline.seconds * 1000),
  }
  return async () => {
    const address = `http://127.0.0.1:${httpPort}/v1/chat/completions`
    const answer = await request(address, { method: 'POST', dispatcher, headers, body })
    const text = await answer.body.text()
    if (answer.statusCode !== 200 || !text.includes('yes')) throw new Error(`status ${answer.statusCode}`)
  }
}
