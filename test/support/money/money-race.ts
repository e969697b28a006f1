import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Metadata } from '@grpc/grpc-js'
import { Redis } from 'ioredis'
import { expect } from 'vitest'
import { keysOf, readCascades, readCounter, type CounterNow } from './money-books.ts'
import { moneyConfig } from './money-config.ts'
import { startPrivateRedis } from '../private-redis.ts'
import { connect, startProcess, textRequest, type RunningProcess, type TestClient } from '../processes.ts'

/** What is raced. */
export interface MoneyRaceOptions {
  /** Requests that are in flight at once. */
  readonly calls: number
  readonly escrow: 'auto' | 'never'
}

/** What came of it, read from Redis and from the callers alone. */
export interface MoneyRace {
  readonly capNanoUsd: number
  readonly outcomes: Readonly<Record<string, number>>
  /** Most that was ever used of a counter, by key. */
  readonly highest: Readonly<Record<string, number>>
  readonly counters: readonly (readonly [string, CounterNow])[]
  readonly cascades: Awaited<ReturnType<typeof readCascades>>
  readonly answeredNanoUsd: number
  readonly openHolds: number
  readonly openSlices: number
  /** Most requests that were noted at once as reserved in the slice of their router. */
  readonly mostDraws: number
}

const prefix = 'money'
const tag = `${prefix}:{money}`
/** A router takes 1,000 calls of a connection at once. */
const connectionsOfRouter = 3
const deadlineMs = 60_000
const leaseMs = 3000
const outputTokens = 60
/**
 * Most expensive path: 1,000 + 60 × 10 for the small one, 7,000 + 60 × 70 and the deadline's computing for the large
 * one.
 */
const pathNanoUsd = 1600 + 11_200 + 60 * 1000

/**
 * Sends calls to three routers at once, against caps for a tenth of their most expensive paths. Calls fail, callers
 * leave, and a router is killed when a tenth has ended.
 */
export async function playMoneyRace({ calls, escrow }: MoneyRaceOptions): Promise<MoneyRace> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-money-'))
  const server = await startPrivateRedis()
  const redis = new Redis({ path: server.socketPath })
  const running: RunningProcess[] = []
  const clients: TestClient[] = []
  /** Room for a tenth of the most expensive paths at once. */
  const capNanoUsd = Math.ceil(calls / 10) * pathNanoUsd
  const file = join(folder, 'sluice.json')
  const budgets = {
    tenantPerDayUsd: capNanoUsd / 1e9,
    tenantPerMonthUsd: (capNanoUsd * 2) / 1e9,
    pools: { large: { perDayUsd: (capNanoUsd * 1.2) / 1e9 } },
    deployment: { perDayUsd: (capNanoUsd * 1.5) / 1e9 },
    holdLeaseMs: leaseMs,
    escrow,
  }
  const settings = { redisUrl: server.url, prefix, failRatio: 0.1, commandTimeoutMs: 4000, budgets }
  writeFileSync(file, JSON.stringify(moneyConfig(settings)))
  const start = async (service: 'router' | 'worker', parameters: readonly string[]): Promise<RunningProcess> => {
    const process = await startProcess(service, parameters, {}, 60_000)
    running.push(process)
    return process
  }
  const startRouter = async (): Promise<{ process: RunningProcess; own: TestClient[] }> => {
    const process = await start('router', ['--config', file])
    const own = Array.from({ length: connectionsOfRouter }, () =>
      connect(String(process.ready['grpc']), { 'grpc.use_local_subchannel_pool': 1 }),
    )
    clients.push(...own)
    return { process, own }
  }

  try {
    const [routers] = await Promise.all([
      Promise.all([startRouter(), startRouter(), startRouter()]),
      start('worker', ['--config', file, '--pool', 'small']),
      start('worker', ['--config', file, '--pool', 'large']),
    ])
    await Promise.all(routers.map(({ own }) => workersAreSeen(own[0]!)))

    const highest: Record<string, number> = {}
    let mostDraws = 0
    const watch = async (): Promise<readonly (readonly [string, CounterNow])[]> => {
      const keys = await keysOf(redis, `${tag}:scope:*`)
      const read = await Promise.all(keys.map(async key => [key, await readCounter(redis, key)] as const))
      for (const [key, now] of read) {
        const own = now.reserved + now.leased + now.spent
        highest[key] = Math.max(highest[key] ?? 0, own + (key.includes(':tenant:') ? 0 : now.lost + now.overrun))
      }
      const draws = await Promise.all((await keysOf(redis, `${tag}:draws:*`)).map(key => redis.hlen(key)))
      mostDraws = Math.max(
        mostDraws,
        draws.reduce((sum, count) => sum + count, 0),
      )
      return read
    }
    const watching = setInterval(() => void watch(), 100)

    const random = seeded(4)
    const outcomes: Record<string, number> = {}
    let answeredNanoUsd = 0
    let ended = 0
    const call = async (index: number): Promise<void> => {
      const { own } = routers[index % routers.length]!
      const client = own[Math.floor(index / routers.length) % own.length]!
      const text = `delay=${500 + Math.floor(random() * 2500)} confidence=${random() < 0.4 ? 0.1 : 0.9} ${index}`
      const leavesAfterMs = random() < 0.15 ? random() * 2500 : undefined
      const request = textRequest(text, { options: { maxOutputTokens: outputTokens } })
      const outcome = await callOnce(client, request, leavesAfterMs)
      outcomes[outcome.status] = (outcomes[outcome.status] ?? 0) + 1
      answeredNanoUsd += outcome.costNanoUsd
      ended += 1
      if (ended === Math.floor(calls / 10)) void routers.at(-1)?.process.end('SIGKILL')
    }
    await playCalls(calls, escrow, call)

    // One lease after the last deadline, whatever is held was left behind; routers give back what they lease and
    // nobody asks for.
    const giveUpAt = Date.now() + deadlineMs + leaseMs + 5000
    const isLeft = async (): Promise<boolean> =>
      (await redis.zcard(`${tag}:holds`)) > 0 || (await watch()).some(([, now]) => now.leased > 0)
    while ((await isLeft()) && Date.now() < giveUpAt) await new Promise(resolve => setTimeout(resolve, 100))
    clearInterval(watching)
    return {
      capNanoUsd,
      outcomes,
      highest,
      answeredNanoUsd,
      counters: await watch(),
      cascades: await readCascades(redis, prefix),
      openHolds: await redis.zcard(`${tag}:holds`),
      openSlices: (await redis.zrangebyscore(`${tag}:slices`, '-inf', Date.now() - leaseMs)).length,
      mostDraws,
    }
  } finally {
    for (const client of clients) client.close()
    await Promise.all(running.map(one => one.end('SIGKILL')))
    redis.disconnect()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** All at once; with escrow one after the other, since a slice is leased for what was asked before. */
async function playCalls(
  calls: number,
  escrow: 'auto' | 'never',
  call: (index: number) => Promise<void>,
): Promise<void> {
  const playing: Promise<void>[] = []
  for (let index = 0; index < calls; index += 1) {
    playing.push(call(index))
    if (escrow === 'auto' && index % 4 === 3) await new Promise(resolve => setTimeout(resolve, 2))
  }
  await Promise.all(playing)
}

/** Asserts that no cap was exceeded, nothing is left, and what was settled is what the receipts in the log say. */
export function expectExactBooks(race: MoneyRace): void {
  const { outcomes, highest, counters, cascades, answeredNanoUsd, capNanoUsd } = race
  const [, tenantDay] = counters.find(([key]) => key.includes(':tenant:acme:day:'))!
  const [, deployment] = counters.find(([key]) => key.includes(':deployment:day:'))!
  const sum = (of: (cascade: (typeof cascades)[number]) => number): number =>
    cascades.reduce((all, cascade) => all + of(cascade), 0)

  expect(outcomes['INTERNAL']).toBeUndefined()
  const over = Object.entries(highest).filter(([key, used]) => used > limitOf(key, capNanoUsd))
  expect(over).toEqual([])
  expect(race.openHolds).toBe(0)
  expect(counters.map(([, now]) => now.reserved + now.leased)).toEqual(counters.map(() => 0))
  expect(tenantDay.spent + tenantDay.overrun).toBe(sum(cascade => cascade.usedNanoUsd))
  expect(tenantDay.spent).toBe(sum(cascade => Math.min(cascade.usedNanoUsd, cascade.heldNanoUsd)))
  expect(deployment.spent + deployment.overrun).toBe(sum(cascade => cascade.usedNanoUsd))
  expect(deployment.lost).toBe(sum(cascade => cascade.lostNanoUsd))
  expect(tenantDay.spent).toBeGreaterThanOrEqual(answeredNanoUsd)
}

/** The share of the tenant's cap of a day that was in use at most. */
export function highestRatioOf({ highest, capNanoUsd }: MoneyRace): number {
  const used = Object.entries(highest).find(([key]) => key.includes(':tenant:acme:day:'))?.[1] ?? 0
  return used / capNanoUsd
}

async function workersAreSeen(client: TestClient): Promise<void> {
  for (;;) {
    const models = await new Promise<readonly { state: { workers: number } | null }[]>(resolve => {
      client.raw.listModels({}, (_error, answer) => resolve(answer?.models ?? []))
    })
    if (models.length > 0 && models.every(model => (model.state?.workers ?? 0) > 0)) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** A small generator of numbers in [0,1), the same in every run. @source mulberry32, by T. Ettinger */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function limitOf(key: string, capNanoUsd: number): number {
  if (key.includes(':tenant:')) return key.includes(':day:') ? capNanoUsd : capNanoUsd * 2
  if (key.includes(':pool:large:')) return Math.ceil(capNanoUsd * 1.2)
  return key.includes(':deployment:day:') ? Math.ceil(capNanoUsd * 1.5) : Infinity
}

const statusNames: Readonly<Record<number, string>> = {
  0: 'OK',
  1: 'CANCELLED',
  4: 'DEADLINE_EXCEEDED',
  8: 'RESOURCE_EXHAUSTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
}

function callOnce(
  client: TestClient,
  request: ReturnType<typeof textRequest>,
  leavesAfterMs: number | undefined,
): Promise<{ readonly status: string; readonly costNanoUsd: number }> {
  return new Promise(resolve => {
    const call = client.raw.infer(request, new Metadata(), { deadline: Date.now() + deadlineMs }, (error, answer) => {
      const status = statusNames[error?.code ?? 0] ?? String(error?.code)
      resolve({ status, costNanoUsd: answer?.costNanoUsd ?? 0 })
    })
    if (leavesAfterMs !== undefined) setTimeout(() => call.cancel(), leavesAfterMs)
  })
}
