import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { connect, textRequest, type TestClient } from '../processes.ts'
import {
  deploy,
  faultsPrefix,
  servedNanoUsd,
  type Deployment,
  type DeploymentOptions,
  type Router,
} from './deployment.ts'
import { startForwarder, type Forwarder } from './forwarder.ts'
import { startModelServer } from './model-server.ts'
import { bookedNanoUsd } from './report.ts'
import { keysOf } from '../money/money-books.ts'

/** What the first caller with a key does. */
const beginnings = ['waits', 'leaves', 'has 30 to 200 ms', 'resets its connection', 'leaves a duplicate'] as const
type Beginning = (typeof beginnings)[number]

/** How much is played. */
export interface KeyedPlay {
  readonly redisUrl: string
  readonly redis: Redis
  readonly keys: number
  readonly keysAtOnce: number
  /** A router and a worker are killed and replaced each time after so many keys. */
  readonly killEvery: number
  readonly deployment?: Pick<DeploymentOptions, 'router' | 'budgets'>
}

/** What came of it. */
export interface KeyedReport {
  readonly keys: number
  readonly answered: number
  readonly kills: number
  /** Statuses of first calls and of those that asked again, each with how often. */
  readonly first: Readonly<Record<string, number>>
  readonly again: Readonly<Record<string, number>>
  /** What a caller that asked again must not hear: an end that is another caller's. */
  readonly dishonest: readonly string[]
  /** Keys with more than one run that was billed, or none. */
  readonly notPaidOnce: readonly string[]
  /** What the ledger's counter says beyond one payment for each key. */
  readonly moneyOffNanoUsd: number
  /** Requests that the model server began beyond one for each key: legs whose worker was killed. */
  readonly begunAgain: number
}

/**
 * Asks with many keys, each begun by a caller who does not always wait, and asked again until there is an answer;
 * routers and workers are killed meanwhile.
 */
export async function playKeyedCalls(play: KeyedPlay): Promise<KeyedReport> {
  const models = await startModelServer()
  let deployment: Deployment | undefined
  const doors: Authentication[] = []
  try {
    deployment = await deploy({ ...play.deployment, redisUrl: play.redisUrl, modelUrl: models.baseUrl })
    for (const router of deployment.routers) doors.push(await openDoor(router))
    const tally = { first: {}, again: {}, dishonest: [] as string[], answered: 0 }
    const kills = await askAll(play, deployment, doors, tally)
    const { tenant: spent } = await bookedNanoUsd(play.redis)
    const runs = await billedRuns(play.redis)
    const marks = Array.from({ length: play.keys }, (_, index) => `#key-${index}`)
    return {
      keys: play.keys,
      kills,
      ...tally,
      notPaidOnce: marks.filter(mark => runs.get(mark) !== 1),
      moneyOffNanoUsd: spent - play.keys * servedNanoUsd,
      begunAgain: models.begun.filter(mark => mark.startsWith('#key-')).length - play.keys,
    }
  } finally {
    await Promise.all(doors.map(authentication => authentication.close()))
    await deployment?.stop()
    await models.close()
  }
}

interface Tally {
  readonly first: Record<string, number>
  readonly again: Record<string, number>
  readonly dishonest: string[]
  answered: number
}

/** A router as callers reach it whose connections can be reset. */
interface Authentication {
  readonly router: Router
  readonly forwarder: Forwarder
  readonly client: TestClient
  close(): Promise<void>
}

async function openDoor(router: Router): Promise<Authentication> {
  const forwarder = await startForwarder(String(router.process.ready['grpc']))
  const client = connect(forwarder.address, { 'grpc.max_reconnect_backoff_ms': 200 })
  return {
    router,
    forwarder,
    client,
    async close() {
      client.close()
      await forwarder.close()
    },
  }
}

async function askAll(play: KeyedPlay, deployment: Deployment, doors: Authentication[], tally: Tally): Promise<number> {
  let next = 0
  let kills = 0
  let killing = Promise.resolve()
  const lane = async (): Promise<void> => {
    for (;;) {
      const index = next
      next += 1
      if (index >= play.keys) return
      if (index > 0 && index % play.killEvery === 0) {
        kills += 1
        const turn = kills
        killing = killing.then(() => killOne(deployment, doors, turn))
      }
      await askOne(index, doors, tally)
    }
  }
  await Promise.all(Array.from({ length: play.keysAtOnce }, lane))
  await killing
  return kills
}

/** Kills a router or a worker in turn; another takes its place. */
async function killOne(deployment: Deployment, doors: Authentication[], turn: number): Promise<void> {
  if (turn % 2 === 0) {
    await deployment.workers[turn / 2 - 1]?.end('SIGKILL')
    await deployment.startWorker()
    return
  }
  const old = doors.shift()
  await old?.router.process.end('SIGKILL')
  await old?.close()
  doors.push(await openDoor(await deployment.startRouter()))
}

function pick<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(Math.random() * items.length)]
  if (item === undefined) throw new Error('there is nothing to pick from')
  return item
}

/** Longest that anybody asks again for a key. */
const askForMs = 90_000
const againDeadlineMs = 20_000

async function askOne(index: number, doors: readonly Authentication[], tally: Tally): Promise<void> {
  const request = textRequest(`#key-${index} delay=${20 + Math.floor(Math.random() * 150)} say that all is well`, {
    idempotencyKey: `key-${index}`,
  })
  await begin(pick(beginnings), request, doors, tally)
  const untilAt = Date.now() + askForMs
  while (Date.now() < untilAt) {
    const { failure, elapsedMs } = await pick(doors).client.infer(request, { deadlineMs: againDeadlineMs })
    const status = failure?.status ?? 'OK'
    count(tally.again, status)
    if (failure === undefined) {
      tally.answered += 1
      return
    }
    const isOwnDeadline = status === 'DEADLINE_EXCEEDED' && elapsedMs > againDeadlineMs - 500
    if (status !== 'UNAVAILABLE' && !isOwnDeadline) tally.dishonest.push(`key-${index}: ${status} ${failure.message}`)
    await sleep(failure.retryAfterMs ?? 100)
  }
}

async function begin(
  beginning: Beginning,
  request: Parameters<TestClient['infer']>[0],
  doors: readonly Authentication[],
  tally: Tally,
): Promise<void> {
  const { client, router } = pick(doors)
  if (beginning === 'waits' || beginning === 'has 30 to 200 ms') {
    const deadlineMs = beginning === 'waits' ? againDeadlineMs : 30 + Math.floor(Math.random() * 170)
    const { failure } = await client.infer(request, { deadlineMs })
    count(tally.first, `${beginning}: ${failure?.status ?? 'OK'}`)
    return
  }
  count(tally.first, beginning)
  if (beginning === 'resets its connection') {
    const own = await openDoor(router)
    const ended = own.client.infer(request, { deadlineMs: againDeadlineMs })
    await sleep(Math.random() * 150)
    own.forwarder.reset()
    await ended
    return own.close()
  }
  const ended = new Promise<void>(resolve => {
    const call = client.raw.infer(request, () => resolve())
    setTimeout(() => call.cancel(), Math.random() * 150)
  })
  if (beginning === 'leaves a duplicate') await sleep(Math.random() * 50)
  else await ended
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}

/** How many runs of each mark have cost anything, read from the log of runs without the code that settles. */
async function billedRuns(redis: Redis): Promise<ReadonlyMap<string, number>> {
  const runs = new Map<string, number>()
  for (const key of await keysOf(redis, `${faultsPrefix}:{c:*}:cascade`)) {
    const fields = await redis.hgetall(key)
    const mark = /#key-\d+/u.exec(fields['request'] ?? '')?.[0]
    const end = /"costNanoUsd":(\d+)/u.exec(fields['l0:e'] ?? '')?.[1]
    if (mark !== undefined && Number(end ?? 0) > 0) runs.set(mark, (runs.get(mark) ?? 0) + 1)
  }
  return runs
}

/** Prints what came of it. */
export function showKeyed(name: string, report: KeyedReport): void {
  process.stdout.write(`${name}: ${JSON.stringify(report)}\n`)
}
