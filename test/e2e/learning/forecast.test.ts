import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import type { ExplainResponse__Output } from '#services/wire/generated/sluice/v1/ExplainResponse'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { untilTrue } from '../../support/gateway.ts'
import { connect, startProcess, textRequest, type RunningProcess, type TestClient } from '../../support/processes.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { scrape } from '../../support/scrape.ts'
import { wavFile } from '../../support/wav-file.ts'

// Forecasts that know the size of the work, in real processes. The large rung takes 50 ms for a second of sound, the
// small one 4 ms.

const config = join(packageRoot(), 'test', 'e2e', 'config', 'forecast.yaml')
let redis: PrivateRedis
let running: RunningProcess[] = []
let client: TestClient
let large: RunningProcess

async function start(service: 'router' | 'worker', ...parameters: string[]): Promise<RunningProcess> {
  const started = await startProcess(service, ['--config', config, ...parameters], { SLUICE_TEST_REDIS: redis.url })
  running.push(started)
  return started
}

const recordings = new Map<number, Buffer>()

/** Sound without anything in it. */
function recording(seconds: number, constraints: InferRequest['constraints'] = null): InferRequest {
  const shape = { sampleRate: 8000, channels: 1, bits: 8 } as const
  const bytes = recordings.get(seconds) ?? Buffer.from(wavFile(new Float32Array(seconds * shape.sampleRate), shape))
  recordings.set(seconds, bytes)
  return { task: 'TASK_TRANSCRIBE', content: [{ audio: { bytes } }], constraints }
}

function explain(request: InferRequest): Promise<ExplainResponse__Output> {
  return new Promise((resolve, reject) => {
    client.raw.explain(request, (error, answer) => (error === null ? resolve(answer!) : reject(error)))
  })
}

function candidate(explained: ExplainResponse__Output, model: string) {
  const found = explained.decision?.candidates.find(one => one.model === model)
  const { seconds = 0, nanos = 0 } = found?.predictedLatency ?? {}
  return { latencyMs: seconds * 1000 + nanos / 1e6, removedBy: found?.removedBy, removedWhy: found?.removedWhy }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

beforeAll(async () => {
  redis = await startPrivateRedis()
  await Promise.all([
    start('worker', '--pool', 'small'),
    start('worker', '--pool', 'large').then(worker => (large = worker)),
    start('router').then(router => (client = connect(String(router.ready['grpc'])))),
  ])
  const isOpen = async (model: string): Promise<boolean> =>
    candidate(await explain(recording(1)), model).removedBy === ''
  await untilTrue(async () => (await isOpen('heard-small')) && (await isOpen('heard-large')))
  // One long recording between short ones: what a day begins with.
  for (const seconds of [2, 5, 40, 1, 3]) await client.infer(recording(seconds), { deadlineMs: 30_000 })
  // Workers tell what they measured with their next heartbeat.
  await untilTrue(async () => candidate(await explain(recording(1)), 'heard-large').latencyMs > 0)
  await pause(1500)
})

afterAll(async () => {
  client.close()
  await Promise.all(running.map(one => one.end('SIGKILL')))
  running = []
  await redis.stop()
})

describe('a forecast', () => {
  it('grows with the recording, in time and in money', async () => {
    const ample = { deadline: { seconds: 300 } }
    const [short, long] = [await explain(recording(1, ample)), await explain(recording(540, ample))]
    for (const [model, perSecondMs] of [
      ['heard-small', 4],
      ['heard-large', 50],
    ] as const) {
      const [one, other] = [candidate(short, model).latencyMs, candidate(long, model).latencyMs]
      // A busy machine adds to each recording, whatever its length.
      expect(other).toBeGreaterThan(5 * one)
      expect(other).toBeGreaterThan(0.6 * 540 * perSecondMs)
      expect(other).toBeLessThan(4 * 540 * perSecondMs)
    }
    expect(long.reserveNanoUsd).toBeGreaterThan(10 * short.reserveNanoUsd)
  })

  it('holds at least what is charged', async () => {
    for (const seconds of [1, 7, 30]) {
      const { reserveNanoUsd } = await explain(recording(seconds))
      const { answer } = await client.infer(recording(seconds), { deadlineMs: 20_000 })
      expect(answer?.rungs).toHaveLength(2)
      expect(answer?.costNanoUsd).toBeLessThanOrEqual(reserveNanoUsd)
    }
  })

  it('of one rung does not keep a short clip from it after a long call', async () => {
    await client.infer(recording(60), { deadlineMs: 20_000 })
    await pause(1500)
    const { answer } = await client.infer(recording(1), { deadlineMs: 2500 })
    expect(answer).toMatchObject({ model: 'heard-large', degraded: false })
  })

  it('sends a long recording to the rung that is through with it in time, and waits for nothing else', async () => {
    // 200 s: the large rung takes 10 s, the small one 0.8 s.
    const { answer, elapsedMs } = await client.infer(recording(200), { deadlineMs: 5000 })
    expect(answer).toMatchObject({ model: 'heard-small', degradedReason: 'DEGRADED_REASON_DEADLINE' })
    expect(elapsedMs).toBeLessThan(4000)
  })

  it('refuses at admission what no rung can do in time', async () => {
    const { failure, elapsedMs } = await client.infer(recording(590, { model: 'heard-large' }), { deadlineMs: 6000 })
    expect(failure).toMatchObject({ status: 'DEADLINE_EXCEEDED', reason: 'DEADLINE_AT_CHOOSE' })
    expect(failure?.metadata['stage']).toBe('choose')
    expect(elapsedMs).toBeLessThan(4000)
  })
})

describe('six clips at once', () => {
  it('are admitted or refused as it comes: who is admitted is answered, who is not hears it at once', async () => {
    // Each takes the large rung a second and a half, one after the other.
    const calls = Array.from({ length: 6 }, () =>
      client.infer(recording(29, { model: 'heard-large' }), { deadlineMs: 5500 }),
    )
    const ended = await Promise.all(calls)
    const answered = ended.filter(one => one.answer !== undefined)
    const refused = ended.filter(one => one.failure !== undefined)
    expect(answered.length).toBeGreaterThanOrEqual(1)
    expect(answered.length).toBeLessThanOrEqual(3)
    expect(refused.map(one => one.failure?.reason)).toEqual(refused.map(() => 'DEADLINE_AT_CHOOSE'))
    // The longest of them waits for no model.
    expect(Math.max(...refused.map(one => one.elapsedMs))).toBeLessThan(2000)
  })

  it('go to the rung that has time for them', async () => {
    const ended = await Promise.all(Array.from({ length: 6 }, () => client.infer(recording(29), { deadlineMs: 5500 })))
    expect(ended.map(one => one.failure?.status)).toEqual(ended.map(() => undefined))
    const models = ended.map(one => one.answer?.model)
    expect(models).toContain('heard-small')
    expect(models).toContain('heard-large')
  })
})

describe('an answer at hand', () => {
  it('is given at the deadline when a higher rung takes longer than anybody knew', async () => {
    for (let turn = 0; turn < 5; turn += 1) await client.infer(textRequest(`warm ${turn}`), { deadlineMs: 5000 })
    await pause(1500)
    // The small rung and the large one do as they are told; the one between them takes its 20 ms.
    const { answer } = await client.infer(textRequest('delay=2000 slow'), { deadlineMs: 3500 })
    expect(answer).toMatchObject({ model: 'told-middle', degradedReason: 'DEGRADED_REASON_DEADLINE' })
  })
})

describe('a rung that does not end', () => {
  it('is given up while another still has time, for a caller who has no answer yet', async () => {
    const { answer } = await client.infer(textRequest('delay=60000 hang'), { deadlineMs: 4000 })
    expect(answer).toMatchObject({ model: 'told-middle', degradedReason: 'DEGRADED_REASON_DEADLINE' })
    expect(answer?.rungs[0]).toMatchObject({ model: 'told-small', verdict: 'VERDICT_FAILED' })
  })
})

describe('a rung that its forecast keeps out', () => {
  it('is measured again behind the backs of callers, who get their answers in time', async () => {
    const probing = await startProcess('router', ['--config', config], {
      SLUICE_TEST_REDIS: redis.url,
      SLUICE_SET: 'learning.probeEverySeconds=1',
    })
    running.push(probing)
    const other = connect(String(probing.ready['grpc']))
    const legs = (): Promise<number> =>
      scrape(`http://${String(large.ready['ops'])}`, 'sluice_worker_legs_total', { model: 'heard-large', end: 'done' })
    const before = await legs()
    // 60 s: the large rung takes 3 s, the small one 0.3 s.
    const { answer } = await other.infer(recording(60), { deadlineMs: 2500 })
    expect(answer).toMatchObject({ model: 'heard-small', degradedReason: 'DEGRADED_REASON_DEADLINE' })
    expect(answer?.rungs).toHaveLength(1)
    await untilTrue(async () => (await legs()) > before)
    other.close()
  })
})
