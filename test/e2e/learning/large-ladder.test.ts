import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import type { ExplainResponse__Output } from '#services/wire/generated/sluice/v1/ExplainResponse'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { textRequest } from '../../support/grpc-client.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { connect, startProcess, type RunningProcess, type TestClient } from '../../support/processes.ts'

const root = packageRoot()
let redis: PrivateRedis
let servers: ChildProcess
let mixtures: readonly string[]
let running: RunningProcess[]
let client: TestClient

/** The example configuration as it is shipped, on the stand-ins that the README names. */
beforeAll(async () => {
  redis = await startPrivateRedis()
  servers = spawn(process.execPath, [join(root, 'scripts', 'policies', 'stand-in-servers.mjs'), '--ports', '0,0,0,0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await new Promise<string>(resolve => createInterface({ input: servers.stdout! }).once('line', resolve))
  const [, small = '', moeA = '', moeB = '', vlm = ''] = line.split(' ')
  mixtures = [moeA, moeB]
  const environment = {
    REDIS_URL: redis.url,
    SMALL_URL: small,
    MOE_URL_A: moeA,
    MOE_URL_B: moeB,
    VLM_URL: vlm,
    SLUICE_SET: 'listen.grpc=127.0.0.1:0 listen.ops=127.0.0.1:0',
  }
  const config = ['--config', join(root, 'deploy', 'config', 'vllm.yaml')]
  const workers = ['small', 'moe', 'vlm'].map(pool => startProcess('worker', [...config, '--pool', pool], environment))
  running = await Promise.all(workers)
  const router = await startProcess('router', config, environment)
  running.push(router)
  client = connect(String(router.ready['grpc']))
})
afterAll(async () => {
  client?.close()
  await Promise.all((running ?? []).map(one => one.end('SIGKILL')))
  servers?.kill('SIGKILL')
  await redis?.stop()
})

async function ask(request: InferRequest) {
  const { answer, failure } = await client.infer(request)
  if (answer === undefined) throw new Error(failure?.message ?? 'no answer')
  return answer
}

function explain(request: InferRequest): Promise<ExplainResponse__Output> {
  return new Promise((resolve, reject) => {
    client.raw.explain(request, (error, answer) => {
      if (error !== null || answer === undefined) reject(error ?? new Error('no answer'))
      else resolve(answer)
    })
  })
}

/** What both mixtures say of their queues from now on. */
async function tellQueue(query: string): Promise<void> {
  await Promise.all(mixtures.map(url => fetch(new URL(`/queue?${query}`, url), { method: 'PUT' })))
}

function steps(answer: Awaited<ReturnType<typeof ask>>): string[] {
  return answer.rungs.map(rung => `${rung.model} ${rung.verdict.slice('VERDICT_'.length).toLowerCase()}`)
}

describe('the ladder of small model, mixture of experts and vision model', () => {
  it('is content with the small one where that is sure', async () => {
    const answer = await ask(textRequest('What is the capital of France?'))
    expect(answer.output?.text).toBe('Paris')
    expect(steps(answer)).toEqual(['small accepted'])
  })

  it('lets the mixture vote where it is unsure by itself, and gives the answer alone', async () => {
    const answer = await ask(textRequest('What is 17 * 23?'))
    expect(answer.output?.text).toBe('391')
    expect(steps(answer)).toEqual(['small escalated', 'moe escalated', 'moe@vote accepted'])
    // Five samples, of which one may slip, are paid for.
    expect(answer.rungs.at(-1)?.confidence).toBeGreaterThanOrEqual(0.8)
    expect(Number(answer.rungs.at(-1)?.usage?.inputTokens)).toBe(5 * 30)
    expect(answer.policyVersion).toMatch(/^uncalibrated-\w+\+recipes-\w{8}$/u)
  })

  it('escalates to the top with what nobody below can answer', async () => {
    const answer = await ask(textRequest('Why is the sky blue?'))
    expect(steps(answer)).toEqual(['small escalated', 'moe escalated', 'moe@vote escalated', 'vlm accepted'])
  })

  it('asks an adapter that the request names, of the model that has it', async () => {
    const answer = await ask(textRequest('When does a contract bind?', { constraints: { adapter: 'legal' } }))
    expect(answer.output?.text).toContain('consideration')
    expect(steps(answer)).toEqual(['moe accepted'])
  })

  it('shows pictures to the model that sees', async () => {
    const bytes = readFileSync(join(root, 'deploy', 'demo', 'images', 'road-sign.png'))
    const answer = await ask(textRequest('', { content: [{ text: 'What is this?' }, { image: { bytes } }] }))
    expect(answer.output?.text).toMatch(/^A picture of \d+ × \d+ pixels/u)
    expect(steps(answer)).toEqual(['vlm accepted'])
  })

  it('explains each rung, and why an adapter leaves one out', async () => {
    const explained = await explain(textRequest('When does a contract bind?', { constraints: { adapter: 'legal' } }))
    expect(explained.decision?.candidates.map(one => [one.model, one.removedBy])).toEqual([
      ['small', 'adapter'],
      ['moe', ''],
      ['moe@vote', ''],
      ['vlm', 'adapter'],
    ])
    expect(explained.firstStep).toBe('moe')
  })

  it('waits no longer for engines with long queues than the deadline allows', async () => {
    const hurried = { constraints: { deadline: { seconds: 4 } } }
    const request = textRequest('What is 17 * 23?', hurried)
    const mixtureOf = async () => (await explain(request)).decision?.candidates.find(one => one.model === 'moe')
    expect(await mixtureOf()).toMatchObject({ removedBy: '' })

    await tellQueue('waiting=500&running=2')
    await expect.poll(mixtureOf, { timeout: 15_000, interval: 200 }).toMatchObject({ removedBy: 'deadline' })
    expect(Number((await mixtureOf())?.predictedWait?.seconds)).toBeGreaterThan(4)
    // What the mixture has no time for goes to the model above it; who wants the mixture alone is told at once.
    expect(steps(await ask(request)).at(-1)).toBe('vlm accepted')
    const pinned = await client.infer(
      textRequest('What is 17 * 24?', { constraints: { ...hurried.constraints, model: 'moe' } }),
    )
    expect(pinned.failure?.status).toBe('DEADLINE_EXCEEDED')

    await tellQueue('waiting=0&running=0')
    await expect.poll(mixtureOf, { timeout: 15_000, interval: 200 }).toMatchObject({ removedBy: '' })
  })

  it('counts tokens, first tokens, attempts, breakers and cost of each model', async () => {
    const worker = running.find(one => String(one.ready['pool']) === 'moe')
    const page = await (await fetch(`http://${String(worker?.ready['ops'])}/metrics`)).text()
    for (const name of [
      'sluice_worker_first_token_seconds_count{model="moe"}',
      'sluice_worker_token_seconds_count{model="moe"}',
      'sluice_worker_tokens_total{model="moe",direction="output",source="server"}',
      'sluice_worker_upstream_attempts_total{model="moe",end="ok"}',
      'sluice_worker_breaker_state{model="moe",endpoint="1"} 0',
      'sluice_worker_spent_usd_total{pool="moe",model="moe"}',
    ]) {
      expect(page).toContain(name)
    }
  })
})
