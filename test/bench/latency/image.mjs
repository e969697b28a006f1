// A chat with a picture of 1 MB: through Sluice (whose policy looks into the picture, whose payload goes through
// Redis) against a plain Node proxy that takes gRPC and writes the OpenAI wire; what each adds to calling the server
// directly with base64 at hand.
import { credentials } from '@grpc/grpc-js'
import sharp from 'sharp'
import { fileURLToPath } from 'node:url'
import { loadServices, typesOf } from '../../../dist/services/wire/load-proto.js'
import { borrowPolicy, card, credential, everythingOn, firstRung } from '../measure/deployment.mjs'
import { closedLoop, interleave, medianOf } from '../measure/closed-loop.mjs'
import { cpuMsOf } from '../measure/usage.mjs'
import { quantile, seeded, startSystem } from '../measure/system.mjs'
import { httpChat } from './through/http-chat.mjs'
import { startServer } from './through/peers.mjs'

const types = typesOf(loadServices(fileURLToPath(new URL('../../..', import.meta.url)))).sluice.v1

/** Measures both variants and the direct call. */
export async function run({ quick = false, report = () => {} } = {}) {
  const bytes = await pictureOf(1e6)
  report(`a picture of ${bytes.byteLength} bytes`)
  const upstream = await startServer('upstream.mjs')
  const proxy = await startServer('plain-proxy.mjs', [String(upstream.port)])
  const system = await startSystem(configOf(upstream.port))
  const plain = new types.Gateway(`127.0.0.1:${proxy.port}`, credentials.createInsecure())
  const request = {
    task: 'TASK_GENERATE',
    content: [{ text: 'what is this?' }, { image: { bytes } }],
    constraints: firstRung,
  }
  try {
    const metadata = credential()
    const url = `data:image/jpeg;base64,${bytes.toString('base64')}`
    const content = [
      { type: 'text', text: 'what is this?' },
      { type: 'image_url', image_url: { url } },
    ]
    const variants = {
      direct: { call: httpChat(upstream.port, { content }), pids: [] },
      proxy: { call: () => askPlain(plain, request), pids: [proxy.pid] },
      sluice: { call: () => ask(system, request, metadata), pids: system.processIds },
    }
    for (const way of Object.values(variants))
      await closedLoop(way.call, { concurrency: 4, seconds: quick ? 0.5 : 12, most: 1000 })
    const rows = []
    for (const concurrency of quick ? [1] : [1, 32]) rows.push(...(await measureAt(variants, concurrency, quick)))
    return rows
  } finally {
    plain.close()
    await system.stop()
    proxy.stop()
    upstream.stop()
  }
}

async function measureAt(variants, concurrency, quick) {
  const seen = await interleave(variants, quick ? 1 : 3, async ({ call, pids }) => {
    const before = cpuMsOf(pids)
    const measured = await closedLoop(call, { concurrency, seconds: quick ? 0.5 : 3 })
    if (measured.failed > 0) throw new Error(`${measured.failed} calls failed: ${measured.fault}`)
    const { times, perSecond } = measured
    return {
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      perSecond,
      n: times.length,
      cpuMs: (cpuMsOf(pids) - before) / times.length,
    }
  })
  const middle = (name, figure) => medianOf(seen.get(name).map(turn => turn[figure]))
  const n = seen.get('sluice').reduce((sum, turn) => sum + turn.n, 0)
  const row = (metric, unit, of, target) => ({
    metric,
    unit,
    concurrency,
    n,
    ours: of('sluice'),
    counterpart: of('proxy'),
    counterpartName: 'plain proxy',
    ...(target === undefined ? {} : { target }),
  })
  return [
    { metric: 'p50 of a direct call', unit: 'ms', concurrency, ours: middle('direct', 'p50'), n },
    row(
      'added p50',
      'ms',
      name => middle(name, 'p50') - middle('direct', 'p50'),
      concurrency === 1 ? '<= 1.5' : undefined,
    ),
    row('added p99', 'ms', name => middle(name, 'p99') - middle('direct', 'p99')),
    row('requests a second', '1/s', name => middle(name, 'perSecond')),
    row('CPU a request', 'ms', name => middle(name, 'cpuMs')),
  ]
}

/** A JPEG of about so many bytes: soft shapes under the grain of a camera's sensor. */
async function pictureOf(wantedBytes) {
  const random = seeded(1)
  const [width, height] = [1920, 1440]
  const raw = Buffer.alloc(width * height * 3)
  for (let at = 0; at < raw.length; at += 1) {
    const place = Math.floor(at / 3)
    const soft = 96 + 64 * Math.sin((place % width) / 90) * Math.cos(place / width / 70)
    raw[at] = soft + 24 * (random() - 0.5)
  }
  const write = quality =>
    sharp(raw, { raw: { width, height, channels: 3 } })
      .jpeg({ quality })
      .toBuffer()
  let best = await write(30)
  for (let quality = 35; quality <= 95; quality += 5) {
    const next = await write(quality)
    if (Math.abs(next.byteLength - wantedBytes) < Math.abs(best.byteLength - wantedBytes)) best = next
  }
  return best
}

function configOf(port) {
  const model = {
    pool: 'served',
    tasks: ['generate'],
    modalities: ['text', 'image'],
    backend: { kind: 'openai', baseUrl: `http://127.0.0.1:${port}/v1`, model: 'mock', logprobs: false, vision: true },
    price: { perInputToken: 1, perOutputToken: 1 },
    card,
  }
  return everythingOn({
    pools: { served: { tier: 'served', concurrency: 64, maxWaiting: 20_000 } },
    models: { first: model, second: model },
    modalities: ['text', 'image'],
    policy: borrowPolicy(['first', 'second']),
    limits: { payloadMegabytesPerTenant: 4000 },
  })
}

function askPlain(client, request) {
  return new Promise((resolve, reject) => {
    client.infer(request, (error, answer) => (error === null ? resolve(answer) : reject(error)))
  })
}

async function ask(system, request, metadata) {
  const { answer, failure } = await system.infer(request, metadata)
  if (failure !== undefined) throw new Error(JSON.stringify(failure))
  return answer
}
