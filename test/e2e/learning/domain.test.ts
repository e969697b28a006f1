import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCalibrate } from '#services/calibrate/calibrate'
import { echoConfig } from '../../support/echo-config.ts'
import { createTestGateway, until, type TestGateway } from '../../support/gateway.ts'
import { textRequest } from '../../support/grpc-client.ts'
import { writeTable } from '../../support/policies/outcome-table.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { runCli } from '../../support/run-cli.ts'
import { scrape } from '../../support/scrape.ts'

const home = mkdtempSync(join(tmpdir(), 'sluice-domain-'))
let server: PrivateRedis
let gateway: TestGateway

/** Like the rows of the fit. */
const like = 'river prove integral colour capital seven matrix bird river seven'
const unlike = {
  chinese: '明天北京的天气怎么样？我要带雨伞吗？',
  code: 'for (let i = 0; i < 9; i++) { total[i] += x * 2; } // done',
  gibberish: 'q8w7e zzkx0 1p2o3 mnbv9 y7t6r lkj4h',
}

beforeAll(async () => {
  server = await startPrivateRedis()
  const table = writeTable(home, 300, row => {
    const { small, large } = row['outcomes'] as Record<string, object>
    const right = { score: 1, outputChars: 40 }
    return {
      ...row,
      outcomes: {
        'echo-small': { ...small, ...right, answer: `${String(row['id'])} is right`.padEnd(40) },
        'echo-large': { ...large, ...right, answer: `${String(row['id'])} is right`.padEnd(40) },
      },
    }
  })
  const out = join(home, 'policy')
  await runCalibrate({ outcomes: [table], out, seed: 1, models: ['echo-small', 'echo-large'] })
  const { ladders, ...rest } = echoConfig()
  const { generate } = ladders as { generate: Record<string, unknown> }
  const { uncalibrated: _none, ...ladder } = generate
  gateway = await createTestGateway({ ...rest, ladders: { generate: { ...ladder, policy: out } } }, server.url)
  await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
  await until(
    'both workers',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
}, 240_000)
afterAll(async () => {
  await gateway?.stop()
  await server?.stop()
  rmSync(home, { recursive: true, force: true })
})

describe('a request unlike those that its policy was fitted on', () => {
  it('is told from one like them: P(correct) falls, and answer, rung and decision say why', async () => {
    const trusted = await gateway.client.infer(textRequest(like))
    expect(trusted).toMatchObject({ outOfDomain: false })
    expect(trusted.confidence).toBeGreaterThan(0.9)
    for (const text of Object.values(unlike)) {
      const answer = await gateway.client.infer(textRequest(text))
      expect(answer).toMatchObject({ outOfDomain: true, output: { text } })
      expect(answer.confidence).toBeLessThan(0.1)
      expect(answer.rungs.at(-1)?.reason).toMatch(/^out of domain \(unlikeness \d+\.\d\d > 1\.00\); /u)
      const { decision } = await gateway.client.explain(textRequest(text))
      expect(decision?.domain).toMatchObject({ outOfDomain: true, limit: 1, reason: 'unlikeness' })
      expect(decision?.domain?.unlikeness).toBeGreaterThan(1)
      expect(decision?.candidates.every(one => (one.predictedQuality ?? 1) < 0.1)).toBe(true)
    }
    const { decision } = await gateway.client.explain(textRequest(like))
    expect(decision?.domain).toMatchObject({ outOfDomain: false, reason: '' })
  })

  it('is told to the caller of a job, and counted', async () => {
    const counted = (): Promise<number> =>
      scrape(gateway.opsUrl, 'sluice_router_answers_out_of_domain_total', { task: 'generate' })
    const before = await counted()
    const { jobId } = await gateway.client.submit(textRequest(unlike.code))
    const job = await until(
      'the job',
      () => gateway.client.getJob(jobId),
      ({ state }) => state === 'JOB_STATE_SUCCEEDED',
    )
    expect(job.response).toMatchObject({ outOfDomain: true })
    expect(await counted()).toBe(before + 1)
  })

  it('is marked by the command line', async () => {
    const place = ['--address', gateway.address]
    const answer = await runCli(['infer', '--text', unlike.chinese, ...place])
    expect(answer.stdout).toContain('out of domain: the request is unlike the calibration rows')
    const explained = await runCli(['explain', '--text', unlike.chinese, ...place])
    expect(explained.stdout).toMatch(/domain {6}outside: unlikeness \d+\.\d\d, limit 1/u)
    const inside = await runCli(['explain', '--text', like, ...place])
    expect(inside.stdout).toMatch(/domain {6}inside: unlikeness -?\d+\.\d\d, limit 1/u)
  })

  it('meets no risk limit but by the most expensive rung', async () => {
    const limits = { constraints: { maxRisk: 0.5 } }
    expect((await gateway.client.infer(textRequest(like, limits))).model).toBe('echo-small')
    expect((await gateway.client.infer(textRequest(unlike.code, limits))).model).toBe('echo-large')
  })
})
