// A chat to a mock server over HTTP, streamed and whole: called directly, through Portkey's gateway, and through
// Sluice, by turns. The load, the server, Redis, router, worker and Portkey are a process each on the same cores;
// whatever the others do not use, the one under load has.
import { bearer, borrowPolicy, card, everythingOn, firstRung } from '../measure/deployment.mjs'
import { closedLoop, interleave, medianOf } from '../measure/closed-loop.mjs'
import { cpuMsOf, residentMegabytes } from '../measure/usage.mjs'
import { quantile, startSystem } from '../measure/system.mjs'
import { httpChat } from './through/http-chat.mjs'
import { startPortkey, startServer } from './through/peers.mjs'

/** Measures all three variants at several concurrencies. */
export async function run({ quick = false, report = () => {}, concurrencies } = {}) {
  const upstream = await startServer('upstream.mjs')
  const portkey = await startPortkey(report)
  const system = await startSystem(configOf(upstream.port))
  try {
    const rows = []
    for (const stream of [true, false]) {
      const variants = {
        direct: { call: httpChat(upstream.port, { stream }), pids: [] },
        ...(portkey === undefined ? {} : { portkey: throughPortkey(portkey, upstream, stream) }),
        sluice: { call: throughSluice(system, stream), pids: system.processIds },
      }
      // Code that has seldom run is not compiled yet, on either side.
      const warm = { concurrency: 64, seconds: quick ? 0.5 : 10, most: 8000 }
      for (const way of Object.values(variants)) await closedLoop(way.call, warm)
      const kind = stream ? 'streamed' : 'whole'
      for (const concurrency of concurrencies ?? (quick ? [1, 32] : [1, 32, 256])) {
        report(`${kind}, ${concurrency} at once`)
        const measured = await measureAt(variants, concurrency, quick, report)
        rows.push(...measured.map(row => ({ ...row, metric: `${row.metric}, ${kind}` })))
      }
      if (!stream) rows.push(...memoryOf(variants))
    }
    return rows
  } finally {
    await system.stop()
    portkey?.stop()
    upstream.stop()
  }
}

async function measureAt(variants, concurrency, quick, report) {
  const seen = await interleave(variants, quick ? 1 : concurrency > 32 ? 2 : 3, async ({ call, pids }, name) => {
    const before = cpuMsOf(pids)
    const measured = await closedLoop(call, { concurrency, seconds: quick ? 0.5 : 1.5 })
    if (measured.failed > 0) report(`${name}: ${measured.failed} calls failed: ${measured.fault}`)
    return {
      p50: quantile(measured.times, 0.5),
      p99: quantile(measured.times, 0.99),
      perSecond: measured.perSecond,
      cpuMs: (cpuMsOf(pids) - before) / measured.times.length,
      n: measured.times.length,
      failed: measured.failed / (measured.failed + measured.times.length),
    }
  })
  const middle = (name, figure) => medianOf((seen.get(name) ?? []).map(turn => turn[figure]))
  const fails = [...seen.values()].flat().some(turn => turn.failed > 0)
  const direct = figure => middle('direct', figure)
  const n = seen.get('sluice').reduce((sum, turn) => sum + turn.n, 0)
  const row = (metric, unit, of, target) => ({
    metric,
    unit,
    concurrency,
    n,
    ours: of('sluice'),
    ...(seen.has('portkey') ? { counterpart: of('portkey'), counterpartName: 'Portkey', against: 'peer', target } : {}),
  })
  return [
    ...(concurrency === 1 ? [{ metric: 'p50 of a direct call', unit: 'ms', concurrency, ours: direct('p50'), n }] : []),
    row('added p50', 'ms', name => middle(name, 'p50') - direct('p50'), concurrency === 1 ? '<= 1' : undefined),
    row('added p99', 'ms', name => middle(name, 'p99') - direct('p99')),
    row('requests a second', '1/s', name => middle(name, 'perSecond'), concurrency > 1 ? '>= 1.2' : undefined),
    row('CPU a request', 'ms', name => middle(name, 'cpuMs')),
    ...(fails ? [row('share of calls that failed', '', name => middle(name, 'failed'))] : []),
  ]
}

function memoryOf(variants) {
  const of = name => variants[name].pids.reduce((sum, pid) => sum + residentMegabytes(pid), 0)
  const peer =
    variants.portkey === undefined ? {} : { counterpart: of('portkey'), counterpartName: 'Portkey', against: 'peer' }
  return [{ metric: 'memory after all', unit: 'MB', concurrency: 256, ours: of('sluice'), ...peer, target: '<= 1.2' }]
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

function throughPortkey(portkey, upstream, stream) {
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${upstream.port}/v1` }
  return { call: httpChat(portkey.port, { headers, stream }), pids: [portkey.pid] }
}

function throughSluice({ httpPort }, stream) {
  const headers = {
    authorization: bearer,
    'x-sluice-min-quality': String(firstRung.minQuality),
    'x-sluice-deadline-ms': String(firstRung.deadline.seconds * 1000),
  }
  return httpChat(httpPort, { headers, model: 'auto', stream })
}
