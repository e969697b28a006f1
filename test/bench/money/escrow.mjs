// What the steps of one express chat in the store cost, with budgets reserved in the ledger and in leased slices, by
// turns: reserve, open and begin; end; finish; settle. CPU of Redis' main thread, and of this process for the calls.
// Needs `npm run build`.
// node test/bench/money/escrow.mjs [--chats 4000] [--turns 5] [--concurrency 32] [--json FILE]
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { createRequestId, legIdOf } from '../../../dist/services/contract/ids.js'
import { connectRedis, whenReady } from '../../../dist/services/platform/redis/connect.js'
import { createCascadeKeys } from '../../../dist/services/state/cascade-log/cascade-keys.js'
import { createOpenCall } from '../../../dist/services/state/cascade-log/open-call.js'
import { createRedisCascadeLog } from '../../../dist/services/state/cascade-log/redis-cascade-log.js'
import { createRedisDispatch } from '../../../dist/services/state/dispatch/redis-dispatch.js'
import {
  createBeginHereCall,
  createRedisExpressLegs,
} from '../../../dist/services/state/dispatch/redis-express-legs.js'
import { createRedisEscrow } from '../../../dist/services/state/ledger/escrow/redis-escrow.js'
import { createGeneration } from '../../../dist/services/state/ledger/generation.js'
import { createLedgerKeys } from '../../../dist/services/state/ledger/ledger-keys.js'
import { createMemoryFile } from '../../../dist/services/state/ledger/memory-file.js'
import { createRedisLedger } from '../../../dist/services/state/ledger/redis-ledger.js'
import { createReserveCall } from '../../../dist/services/state/ledger/reserve-call.js'
import { createPutCall } from '../../../dist/services/state/queue/put-call.js'
import { interleave, medianOf } from '../measure/closed-loop.mjs'
import { machine } from '../measure/system.mjs'

const { values } = parseArgs({
  options: {
    chats: { type: 'string', default: '4000' },
    turns: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '32' },
    json: { type: 'string' },
  },
})
const [chats, turns, concurrency] = [values.chats, values.turns, values.concurrency].map(Number)
const logger = pino({ level: 'silent' })
const keepCounterMs = 86_400_000
const resetsAt = Date.now() + keepCounterMs
const scopes = [
  ['tenant:day', 'tenant', 1e14],
  ['tenant:month', 'tenant'],
  ['deployment:day', 'deployment', 1e15],
  ['deployment:month', 'deployment'],
].map(([name, share, limitNanoUsd]) => ({ name, counter: `${name}:now`, share, shadow: false, resetsAt, limitNanoUsd }))

const variants = { ledger: await openStore('never'), escrow: await openStore('auto') }
try {
  for (const { chat } of Object.values(variants)) await manyChats(chat)
  const seen = await interleave(variants, turns, async ({ chat, redisMicros }) => {
    const [before, own] = [await redisMicros(), process.cpuUsage()]
    await manyChats(chat)
    const used = process.cpuUsage(own)
    return {
      redis: ((await redisMicros()) - before) / chats,
      calls: (used.user + used.system) / chats,
    }
  })
  const middle = (name, figure) => medianOf(seen.get(name).map(turn => turn[figure]))
  const scenarios = ['redis', 'calls'].map(figure => ({
    name: `escrow: ${figure === 'redis' ? 'Redis for' : 'calls of the router for'} one chat`,
    concurrency,
    metric: 'CPU microseconds a chat',
    value: middle('escrow', figure),
    bare: middle('ledger', figure),
    ratio: middle('escrow', figure) / middle('ledger', figure),
  }))
  process.stdout.write(`${JSON.stringify(scenarios, undefined, 2)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ machine, scenarios }, undefined, 2))
} finally {
  for (const { stop } of Object.values(variants)) stop()
}

/** A Redis of its own, with the rooms of a router over it. */
async function openStore(kind) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const socket = join(folder, 'redis.sock')
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', ''], { stdio: 'ignore' })
  const redis = connectRedis({ url: `unix://${socket}`, commandTimeoutMs: 60_000 }, logger)
  await whenReady(redis, 5000)
  const prefix = 'bench'
  const keep = { prefix, keepCounterMs }
  const generation = await createGeneration({ ...keep, onEmpty: 'start' }, redis, createMemoryFile(), logger)
  await generation.refresh()
  const mark = () => generation.mark
  const ledger = createRedisLedger({ ...keep, rememberMs: 60_000 }, redis, generation)
  const lease = { ...keep, name: 'router', leaseMs: 3000 }
  const escrow = kind === 'auto' ? createRedisEscrow(lease, { redis, ledger, mark, logger }) : undefined
  const ttls = { syncTtlMs: 60_000, asyncTtlMs: 60_000, deadTtlMs: 60_000 }
  const log = createRedisCascadeLog({ prefix, maxDeaths: 2, ...ttls }, redis)
  const legs = createRedisExpressLegs({ prefix, maxDeaths: 2 }, redis, log)
  const dispatch = createRedisDispatch(
    {
      reserve: createReserveCall({ keys: createLedgerKeys(prefix), keepCounterMs, mark }),
      open: createOpenCall(createCascadeKeys(prefix)),
      put: createPutCall({ prefix, maxWaiting: new Map() }),
      begin: createBeginHereCall({ prefix, maxDeaths: 2 }),
      escrow,
    },
    redis,
  )
  const renewing = setInterval(() => void escrow?.renew(), 1000)
  return {
    async chat() {
      const { order, end, finish, settlement } = chatOf()
      const { hold, firstLeg, job } = order
      const dispatched = await dispatch.dispatch(order)
      if (dispatched.begun?.kind !== 'run') throw new Error(`the leg was not begun: ${dispatched.kind}`)
      await legs.end(firstLeg.pool, job.legId, end)
      const settle = (escrow ?? ledger).settle(hold.holdId, settlement, Date.now())
      await Promise.all([log.finish(hold.holdId, finish, 1, Date.now()), settle])
    },
    async redisMicros() {
      const info = await redis.info('cpu')
      const seconds = name => Number(new RegExp(`${name}_main_thread:([\\d.]+)`, 'u').exec(info)?.[1] ?? 0)
      return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6
    },
    stop() {
      clearInterval(renewing)
      redis.disconnect()
      server.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A chat as the router writes it: a ladder of two rungs, the first of which answers. */
function chatOf() {
  const now = Date.now()
  const requestId = createRequestId(now)
  const times = { submittedAt: now, deadlineAt: now + 60_000 }
  const parts = [{ kind: 'text', text: 'is this a question?' }]
  const request = { requestId, tenant: 't', task: 'generate', mode: 'sync', idempotent: false, parts, ...times }
  const rungs = ['first', 'second'].map(name => ({ name, reserveNanoUsd: 3000 }))
  const estimate = { features: Array.from({ length: 30 }, (_, at) => at / 7) }
  const firstLeg = { index: 0, rung: 'first', pool: 'served', plannedAt: now }
  const output = { kind: 'text', text: 'yes' }
  const receipt = { attempt: 1, workerId: 'router', costNanoUsd: 70, usage: { inputTokens: 8, outputTokens: 1 } }
  const spent = { tenant: 70, deployment: 70, 'pool:served': 70 }
  return {
    order: {
      hold: {
        holdId: requestId,
        scopes,
        takes: [],
        offers: [{ tenant: 6000, deployment: 6000 }],
        leaseUntil: now + 30_000,
        nowMs: now,
      },
      request,
      plan: { ladder: 'generate', holdId: requestId, heldNanoUsd: 6000, rungs, estimate },
      firstLeg,
      owner: { name: 'router', leaseUntil: now + 3000 },
      job: { ...request, legId: legIdOf(requestId, 0), model: 'first', serviceMs: 5, enqueuedAt: now },
      express: { concurrency: 256 },
    },
    end: { kind: 'done', result: { output, confidence: 0.9 }, receipt },
    finish: { kind: 'answered', answer: { output, model: 'first', confidence: 0.9, rungs: [], costNanoUsd: 70 } },
    settlement: { spent, lostNanoUsd: 0, estimatedNanoUsd: 0 },
  }
}

async function manyChats(chat) {
  let begun = 0
  const lane = async () => {
    while (begun < chats) {
      begun += 1
      await chat()
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
}
