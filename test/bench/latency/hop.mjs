// Measures the hop: router → queue → echo worker → reply, with credentials, budgets, a calibrated policy, metrics and
// logs on, against the barest hop with the same wire, queue and kind of reply (test/bench/latency/hop/bare.mjs), by
// turns. Needs `npm run build` and redis-server. node test/bench/latency/hop.mjs [--concurrency 1,32,128,256,1000]
// [--turns 3] [--seconds 2] [--warm 8000] [--json FILE]
import { Metadata } from '@grpc/grpc-js'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { meets } from '../runner/rows.mjs'
import { startBareSystem } from './hop/bare-system.mjs'
import { echoLadder, machine, quantile, seeded, startSystem } from '../measure/system.mjs'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const secret = 'a-key-for-measurements-only'
const sha256 = createHash('sha256').update(secret).digest('hex')
/** As many streams of one connection as leave the transport's flow control out of the question. */
const streamsPerConnection = 100
const clockTicks = 100

/** Runs the scenario. Rows: name, concurrency, metric, value, bare, ratio. */
export async function run(options = {}) {
  const { quick = false } = options
  const usual = quick ? [1, 32] : [1, 32, 128, 256, 1000]
  const {
    concurrencies = usual,
    turns = quick ? 1 : 3,
    seconds = quick ? 1 : 2,
    warmRequests = quick ? 500 : 8000,
  } = options
  const folder = mkdtempSync(join(tmpdir(), 'sluice-hop-'))
  const sides = []
  try {
    sides.push(await startSluice(folder))
    sides.push({ name: 'bare', ...(await startBareSystem()) })
    for (const side of sides) await warmUp(side, warmRequests)
    const figures = new Map()
    for (const concurrency of concurrencies) {
      for (let turn = 0; turn < turns; turn += 1) {
        for (const side of turn % 2 === 0 ? sides : sides.toReversed()) {
          const key = `${concurrency} ${side.name}`
          const seen = figures.get(key) ?? []
          seen.push(await drive(side, concurrency, seconds))
          figures.set(key, seen)
        }
      }
    }
    return concurrencies.flatMap(concurrency => rowsOf(concurrency, figures))
  } finally {
    await Promise.all(sides.map(side => side.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Sluice with everything on; `pids` are those of the processes that a request meets. */
export async function startSluice(folder = mkdtempSync(join(tmpdir(), 'sluice-hop-'))) {
  const system = await startSystem(configOf(makePolicy(folder)))
  const pids = { router: system.routerPid, worker: system.pidOf('small'), redis: system.redisPid }
  return { name: 'value', ...system, pids }
}

/**
 * One caller with a key and a budget, a ladder of two rungs, and a policy that is fitted on outcomes in which the
 * first rung is nearly always right.
 */
function configOf(policy) {
  const price = { perInputToken: 1, perOutputToken: 1 }
  const rung = name => ({
    name,
    pool: { concurrency: 32, batch: { maxSize: 64, maxWaitMs: 0 } },
    backend: { obeys: false },
    price,
  })
  const config = echoLadder(['small', 'large'].map(rung), {
    auth: { keys: [{ id: 'bench', sha256, tenant: 'bench', scopes: ['infer'] }] },
    budgets: { tenantPerDayUsd: 1000, tenantPerMonthUsd: 10_000, deployment: { perDayUsd: 100_000 } },
    log: { requests: true },
    // With a thousand at once on two cores the last command waits for the others: that is what is measured, not a
    // Redis that is away.
    redis: { commandTimeoutMs: 10_000 },
  })
  const { uncalibrated: _none, ...ladder } = config.ladders.generate
  return { ...config, ladders: { generate: { ...ladder, policy } } }
}

/** Calibrates a policy as an operator does. */
function makePolicy(folder) {
  const random = seeded(7)
  const rows = Array.from({ length: 600 }, (_, index) => {
    const right = random() < 0.97
    const confidence = right ? 0.8 + 0.2 * random() : 0.6 * random()
    const text = `what is ${Math.floor(random() * 1000)} plus ${Math.floor(random() * 1000)}?`
    return {
      id: `row-${index}`,
      dataset: 'bench',
      content: [{ text }],
      outcomes: {
        small: { score: right ? 1 : 0, costUsd: 0.001, confidence },
        large: { score: 1, costUsd: 0.1, confidence: 0.95 },
      },
    }
  })
  const outcomes = join(folder, 'outcomes.jsonl')
  writeFileSync(outcomes, rows.map(row => JSON.stringify(row)).join('\n'))
  const out = join(folder, 'policy')
  const command = ['calibrate', '--outcomes', outcomes, '--out', out, '--models', 'small,large', '--seed', '1']
  execFileSync(process.execPath, [join(root, 'bin', 'sluice.js'), ...command], { stdio: 'pipe' })
  return out
}

/**
 * A process that has answered few requests runs code that is not compiled yet; both sides are measured as they run
 * for the rest of their lives.
 */
export async function warmUp(side, requests) {
  for (let done = 0; done < requests;) {
    const figure = await drive(side, 64, 1)
    done += figure['requests/s']
  }
}

/** So many callers, each of whom asks again as soon as it is answered, for so many seconds. */
export async function drive(side, concurrency, seconds) {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${secret}`)
  const connections = Math.ceil(concurrency / streamsPerConnection)
  side.pool ??= []
  while (side.pool.length < connections) side.pool.push(side.connect())
  const pids = Object.entries(side.pids)
  const before = pids.map(([, pid]) => cpuSeconds(pid))
  const times = []
  const startedAt = performance.now()
  const untilAt = startedAt + seconds * 1000
  const ask = (client, text) =>
    new Promise((resolve, reject) => {
      const request = {
        task: 'TASK_GENERATE',
        content: [{ text }],
        constraints: { deadline: { seconds: 30, nanos: 0 } },
      }
      client.infer(request, metadata, (error, answer) => {
        if (error !== null) reject(error)
        else if (answer.output.text !== text) reject(new Error(`asked ${text}, was told ${answer.output.text}`))
        else resolve()
      })
    })
  const caller = async index => {
    for (let call = 0; performance.now() < untilAt; call += 1) {
      const askedAt = performance.now()
      await ask(side.pool[index % connections], `what is ${index} plus ${call}?`)
      times.push(performance.now() - askedAt)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, (_, index) => caller(index)))
  const elapsed = (performance.now() - startedAt) / 1000
  const cpu = pids.map(([name, pid], index) => [
    `${name} CPU, ms`,
    ((cpuSeconds(pid) - before[index]) * 1000) / times.length,
  ])
  return {
    'p50, ms': quantile(times, 0.5),
    'p99, ms': quantile(times, 0.99),
    'requests/s': times.length / elapsed,
    ...Object.fromEntries(cpu),
    ...Object.fromEntries(pids.map(([name, pid]) => [`${name} memory, MB`, residentMegabytes(pid)])),
  }
}

/** Of the ratio to the bare hop. */
const targets = { 'p50, ms at 1': '<= 1.25', 'requests/s at 128': '>= 0.8' }

function rowsOf(concurrency, figures) {
  const value = figures.get(`${concurrency} value`)
  const bare = figures.get(`${concurrency} bare`)
  return Object.keys(value[0]).map(metric => {
    const [ours, theirs] = [value, bare].map(list =>
      quantile(
        list.map(figure => figure[metric]),
        0.5,
      ),
    )
    const ratio = ours / theirs
    const target = targets[`${metric} at ${concurrency}`]
    const held = target === undefined ? {} : { target, met: meets(ratio, target) }
    return { name: 'hop', concurrency, metric, value: ours, bare: theirs, ratio, ...held }
  })
}

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / clockTicks
}

function residentMegabytes(pid) {
  return Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

async function main() {
  const { values } = parseArgs({
    options: {
      concurrency: { type: 'string', default: '1,32,128,256,1000' },
      turns: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      warm: { type: 'string', default: '8000' },
      json: { type: 'string' },
    },
  })
  const rows = await run({
    concurrencies: values.concurrency.split(',').map(Number),
    turns: Number(values.turns),
    seconds: Number(values.seconds),
    warmRequests: Number(values.warm),
  })
  for (const row of rows) process.stdout.write(`${lineOf(row)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ machine, scenarios: rows }, undefined, 2))
  process.exit(0)
}

function lineOf({ name, concurrency, metric, value, bare, ratio }) {
  const [ours, theirs] = [value, bare].map(one => one.toFixed(3).padStart(10))
  return `${name} ${String(concurrency).padStart(5)}  ${metric.padEnd(20)} ${ours}  bare ${theirs}  ratio ${ratio.toFixed(2)}`
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main()
