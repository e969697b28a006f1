import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { decodeWav } from '#services/media/decode-wav'
import type { ExplainResponse__Output } from '#services/wire/generated/sluice/v1/ExplainResponse'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { untilTrue } from '../../support/gateway.ts'
import { missingPacks } from '../../support/model-packs.ts'
import { connect, startProcess, type RunningProcess, type TestClient } from '../../support/processes.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { wavFile } from '../../support/wav-file.ts'

/* Forecasts of real models of speech: what is predicted against what is taken. */

const missing = missingPacks(['whisper-tiny', 'whisper-small'])
const root = packageRoot()
const config = join(root, 'test', 'e2e', 'config', 'whisper.yaml')
let redis: PrivateRedis
let running: RunningProcess[] = []
let client: TestClient

async function start(service: 'router' | 'worker', ...parameters: string[]): Promise<RunningProcess> {
  const environment = { SLUICE_TEST_REDIS: redis.url }
  const started = await startProcess(service, ['--config', config, ...parameters], environment, 90_000)
  running.push(started)
  return started
}

const spoken = decodeWav(readFileSync(join(root, 'test', 'fixtures', 'audio', 'spoken-3592.wav')), 60)

/** The same numbers again and again, for so long. */
function recording(seconds: number, constraints: InferRequest['constraints'] = null): InferRequest {
  const { samples, sampleRate } = spoken
  const long = Float32Array.from({ length: seconds * sampleRate }, (_, at) => samples[at % samples.length] ?? 0)
  const bytes = Buffer.from(wavFile(long, { sampleRate, channels: 1, bits: 16 }))
  return { task: 'TASK_TRANSCRIBE', content: [{ audio: { bytes } }], constraints }
}

function explain(request: InferRequest): Promise<ExplainResponse__Output> {
  return new Promise((resolve, reject) => {
    client.raw.explain(request, (error, answer) => (error === null ? resolve(answer!) : reject(error)))
  })
}

async function predictedMs(seconds: number, model: string): Promise<number> {
  const { decision } = await explain(recording(seconds, { deadline: { seconds: 300 } }))
  const latency = decision?.candidates.find(one => one.model === model)?.predictedLatency
  return (latency?.seconds ?? 0) * 1000 + (latency?.nanos ?? 0) / 1e6
}

describe.skipIf(missing !== undefined)(`real models of speech${missing === undefined ? '' : ` (${missing})`}`, () => {
  beforeAll(async () => {
    redis = await startPrivateRedis()
    await Promise.all([start('worker', '--pool', 'small'), start('worker', '--pool', 'large')])
    client = connect(String((await start('router')).ready['grpc']))
    for (const model of ['whisper-tiny', 'whisper-small']) {
      for (const seconds of [1, 8]) await client.infer(recording(seconds, { model }), { deadlineMs: 120_000 })
    }
    // Workers tell what they measured with their next heartbeat.
    await untilTrue(async () => (await predictedMs(8, 'whisper-small')) > (await predictedMs(1, 'whisper-tiny')))
  }, 300_000)

  afterAll(async () => {
    client?.close()
    await Promise.all(running.map(one => one.end('SIGKILL')))
    running = []
    await redis?.stop()
  })

  it('are predicted to take longer for a long recording than for a second, and take about what is predicted', async () => {
    for (const model of ['whisper-tiny', 'whisper-small']) {
      const [second, long] = [await predictedMs(1, model), await predictedMs(40, model)]
      expect(long).toBeGreaterThan(2 * second)
      // So long a one was never heard before, and the machine may be busier now than it was.
      const { answer, elapsedMs } = await client.infer(recording(40, { model }), { deadlineMs: 120_000 })
      expect(answer?.model).toBe(model)
      expect(elapsedMs / long).toBeGreaterThan(0.2)
      expect(elapsedMs / long).toBeLessThan(5)
    }
  }, 240_000)

  it('answer a long recording by the model that is through with it in time, and put a short one to both', async () => {
    const leftMs = 0.6 * (await predictedMs(100, 'whisper-small'))
    const long = await client.infer(recording(100), { deadlineMs: leftMs })
    expect(long.answer).toMatchObject({ model: 'whisper-tiny', degradedReason: 'DEGRADED_REASON_DEADLINE' })
    // It does not wait for a better answer that would come too late.
    expect(long.elapsedMs).toBeLessThan(0.95 * leftMs)
    const short = await client.infer(recording(1), { deadlineMs: leftMs })
    expect(short.answer?.degraded).toBe(false)
    expect(short.answer?.rungs.map(rung => rung.model)).toEqual(['whisper-tiny', 'whisper-small'])
  }, 240_000)
})
