import { status, type ServiceError } from '@grpc/grpc-js'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadPolicy } from '#services/decision/policy/load-policy'
import type { LadderPolicies__Output } from '#services/wire/generated/sluice/v1/LadderPolicies'
import { echoConfig } from '../../support/echo-config.ts'
import { fitEchoPolicy } from '../../support/policies/echo-policy.ts'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../../support/gateway.ts'
import { textRequest } from '../../support/grpc-client.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { connect, type TestClient } from '../../support/processes.ts'
import { runCli } from '../../support/run-cli.ts'
import { scrape } from '../../support/scrape.ts'

const home = mkdtempSync(join(tmpdir(), 'sluice-policies-'))
/** The folder that the configuration names. */
const live = join(home, 'live')
let folders: { readonly trusting: string; readonly doubting: string; readonly newer: string }
let versions: { readonly trusting: string; readonly doubting: string; readonly newer: string }
let server: PrivateRedis
/** Two routers of one deployment; the workers are those of the first. */
let gateway: TestGateway
let other: TestGateway
let otherRouter: GatewayProcess
let client: TestClient

async function settingsOf(folder: string): Promise<Awaited<ReturnType<typeof createTestGateway>>> {
  const { ladders, ...rest } = echoConfig({ smallDelayMs: 1, largeDelayMs: 1 })
  const { generate } = ladders as { generate: Record<string, unknown> }
  const { uncalibrated: _none, ...ladder } = generate
  return createTestGateway(
    { ...rest, ladders: { ...(ladders as object), generate: { ...ladder, policy: folder } } },
    server.url,
  )
}

beforeAll(async () => {
  server = await startPrivateRedis()
  folders = {
    trusting: await fitEchoPolicy(home, 'trusting'),
    doubting: await fitEchoPolicy(home, 'doubting'),
    newer: await fitEchoPolicy(home, 'unsure'),
  }
  versions = {
    trusting: (await loadPolicy(folders.trusting, {})).version,
    doubting: (await loadPolicy(folders.doubting, {})).version,
    newer: (await loadPolicy(folders.newer, {})).version,
  }
  cpSync(folders.trusting, live, { recursive: true })
  gateway = await settingsOf(live)
  other = await settingsOf(folders.trusting)
  client = connect(gateway.address)
  await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
  otherRouter = await other.startRouter()
  await until(
    'both workers at both routers',
    async () => [await gateway.client.listModels(), await other.client.listModels()],
    all => all.every(({ models }) => models.every(model => (model.state?.workers ?? 0) > 0)),
  )
}, 240_000)
afterAll(async () => {
  client?.close()
  await other?.stop()
  await gateway?.stop()
  await server?.stop()
  rmSync(home, { recursive: true, force: true })
})

async function cli(...parameters: readonly string[]): Promise<unknown> {
  const place = ['--ladder', 'generate', '--address', gateway.address, '--json']
  const { code, stdout, stderr } = await runCli(['policies', ...parameters, ...place])
  if (code !== 0) throw new Error(`${code}: ${stderr}${stdout}`)
  return JSON.parse(stdout)
}

const give = (role: 'activate' | 'shadow', ...version: readonly string[]): Promise<LadderPolicies__Output> =>
  cli(role, ...version) as Promise<LadderPolicies__Output>

async function versionAt(at: TestGateway): Promise<string> {
  return (await at.client.infer(textRequest('which policy'))).policyVersion
}

function followedBy(at: TestGateway, version: string): Promise<string> {
  return until(
    `policy ${version}`,
    () => versionAt(at),
    found => found === version,
  )
}

function load(files: Record<string, Buffer>, key?: string): Promise<ServiceError | null> {
  const metadata = client.keyed(key ?? '')
  if (key === undefined) metadata.remove('authorization')
  return new Promise(resolve => {
    client.admin.loadPolicy({ ladder: 'generate', files }, metadata, error => resolve(error))
  })
}

function filesOf(folder: string): Record<string, Buffer> {
  return Object.fromEntries(readdirSync(folder).map(name => [name, readFileSync(join(folder, name))]))
}

describe('LoadPolicy', () => {
  it('refuses what is not what was fitted, what is of other models, and whoever is no operator', async () => {
    const files = filesOf(folders.doubting)
    const tampered = { ...files, 'estimator.onnx': Buffer.concat([files['estimator.onnx']!, Buffer.from('x')]) }
    const refused = await load(tampered)
    expect(refused?.code).toBe(status.INVALID_ARGUMENT)
    expect(refused?.message).toMatch(/estimator\.onnx has sha256/u)
    expect(refused?.message).not.toContain(tmpdir())
    expect((await load({ '../policy.json': Buffer.from('{}') }))?.code).toBe(status.INVALID_ARGUMENT)
    const renamed = readFileSync(join(folders.doubting, 'policy.json'), 'utf8').replaceAll('echo-small', 'somebody')
    const strange = await load({ ...files, 'policy.json': Buffer.from(renamed) })
    expect(strange?.message).toMatch(/nothing of echo-small/u)
    expect((await load(files, 'right-key'))?.code).toBe(status.PERMISSION_DENIED)
    expect(await versionAt(gateway)).toBe(versions.trusting)
  })
})

describe('two policies side by side', () => {
  it('are compared on the same requests, the shadow calling nothing', async () => {
    expect(await cli('load', folders.doubting)).toMatchObject({ version: versions.doubting, rows: 80 })
    expect(await give('shadow', versions.doubting)).toMatchObject({
      active: versions.trusting,
      shadow: versions.doubting,
    })
    const before = await scrape(gateway.opsUrl, 'sluice_router_rungs_total', { model: 'echo-large' })
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => gateway.client.infer(textRequest(`side by side ${index}`))),
    )
    expect(answers.every(answer => answer.model === 'echo-small')).toBe(true)
    const compared = (await until(
      'the comparison',
      async () => ((await cli('compare')) as Record<string, number>[])[0],
      found => (found?.['requests'] ?? 0) >= 10,
    )) as Record<string, number>
    expect(compared).toMatchObject({
      ladder: 'generate',
      requests: 10,
      same: 0,
      escalatesMore: 10,
      activeCascades: 0,
      shadowCascades: 10,
    })
    const active = answers.reduce((sum, answer) => sum + answer.costNanoUsd, 0)
    expect(compared['activeCostNanoUsd']).toBe(active)
    expect(compared['shadowCostNanoUsd']).toBeGreaterThan(0)
    expect(await scrape(gateway.opsUrl, 'sluice_router_rungs_total', { model: 'echo-large' })).toBe(before)
    const counted = { agreement: 'escalates_more' }
    expect(await scrape(gateway.opsUrl, 'sluice_router_shadow_policy_decisions_total', counted)).toBe(10)
    // Without a ladder all are compared that have a policy in shadow; what changes something wants to be told which is
    // meant.
    const all = await runCli(['policies', 'compare', '--address', gateway.address])
    expect(all.stdout).toMatch(/^generate\n\S+ is active, \S+ in shadow: \d+ requests\n/u)
    const unnamed = await runCli(['policies', 'shadow', '--address', gateway.address])
    expect(unnamed.stderr).toContain('--ladder is required: one of generate')
    expect(await give('shadow')).toMatchObject({ shadow: '' })
    await until(
      'no shadow',
      () => runCli(['policies', 'compare', '--address', gateway.address]),
      ({ stdout }) => stdout.startsWith('no policy is in shadow on '),
    )
  })
})

describe('Explain', () => {
  afterAll(() => give('activate'))

  it('shows the numbers that `sluice score` writes for the same text', async () => {
    await give('activate', versions.doubting)
    const texts = [
      'plain words',
      'Prove: ∫ x² dx = ?\n(A) 1\n(B) 2',
      'naïve 数学 42,5 % — not false!',
      'a '.repeat(3000),
    ]
    const rows = texts.map((text, index) => ({ id: `${index}`, content: [{ text }], outcomes: {} }))
    const [inputs, out] = [join(home, 'inputs.jsonl'), join(home, 'scores.jsonl')]
    writeFileSync(inputs, rows.map(row => JSON.stringify(row)).join('\n'))
    const run = await runCli(['score', '--policy', folders.doubting, '--inputs', inputs, '--out', out])
    expect(run.code).toBe(0)
    const scores = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    for (const [index, text] of texts.entries()) {
      const explained = await until(
        'an estimate in time',
        () =>
          new Promise<{ decision: { fallback: string; candidates: { model: string; predictedQuality: number }[] } }>(
            (resolve, reject) => {
              client.raw.explain(textRequest(text), (error, answer) =>
                error === null ? resolve(answer as never) : reject(error),
              )
            },
          ),
        ({ decision }) => decision.fallback === '',
      )
      const shown = explained.decision.candidates.map(one => [one.model, one.predictedQuality])
      expect(Object.fromEntries(shown)).toEqual(scores[index].scores)
    }
    expect(new Set(scores.map(one => JSON.stringify(one.scores))).size).toBeGreaterThan(1)
  })
})

describe('inputs that are not those of the fit', () => {
  it('show in the metrics, by feature', async () => {
    const odd = 'ÅÄÖ 数学 ' + '1234 = 5678; '.repeat(40)
    // The window tells nothing of fewer.
    for (let turn = 0; turn < 25; turn += 1) {
      await Promise.all(Array.from({ length: 8 }, () => gateway.client.infer(textRequest(odd))))
    }
    const psi = (feature: string): Promise<number> =>
      scrape(gateway.opsUrl, 'sluice_router_feature_drift_psi', { ladder: 'generate', feature })
    expect(
      await until(
        'the drift',
        () => psi('text.digit_ratio'),
        found => found > 0,
      ),
    ).toBeGreaterThan(0.25)
    expect(await psi('text.non_latin_ratio')).toBeGreaterThan(0.25)
  })
})

describe('a policy that changes', () => {
  it('is followed by every router, and a request under way ends on the one that it began with', async () => {
    const slow = gateway.client.infer(textRequest('delay=1500 confidence=0.5 under way'))
    await until(
      'the first leg',
      () => scrape(gateway.opsUrl, 'sluice_router_awaited_legs'),
      legs => legs > 0,
    )
    expect((await give('activate', versions.doubting)).active).toBe(versions.doubting)
    expect((await gateway.client.infer(textRequest('after it'))).model).toBe('echo-large')
    await followedBy(other, versions.doubting)
    expect(await slow).toMatchObject({ model: 'echo-small', policyVersion: versions.trusting })
  })

  it('is the one that a job began with, also on the router that takes the job over', async () => {
    await give('activate')
    await followedBy(other, versions.trusting)
    const job = await other.client.submit(textRequest('delay=2500 confidence=0.5 taken over'))
    await until(
      'its leg at work',
      () => scrape(other.opsUrl, 'sluice_router_awaited_legs'),
      legs => legs > 0,
    )
    // Not by a command, whose start may take longer than the job.
    await new Promise((resolve, reject) => {
      client.admin.activatePolicy(
        { ladder: 'generate', version: versions.doubting, role: 'POLICY_ROLE_ACTIVE' },
        error => (error === null ? resolve(undefined) : reject(error)),
      )
    })
    otherRouter.kill('SIGKILL')
    const states = await gateway.client.watchJob(job.jobId)
    expect(states.at(-1)?.response).toMatchObject({ model: 'echo-small', policyVersion: versions.trusting })
    // A machine that is slow enough loses a lease more.
    expect(await scrape(gateway.opsUrl, 'sluice_router_cascades_resumed_total')).toBeGreaterThanOrEqual(1)
    expect(await scrape(gateway.opsUrl, 'sluice_router_policy_stand_ins_total')).toBe(0)
  })

  it('is taken from its folder when that is whole, without a request dropped, and is a newer word than an activation', async () => {
    expect(await versionAt(gateway)).toBe(versions.doubting)
    let done = false
    const seen: string[] = []
    const asking = (async () => {
      while (!done) seen.push(await versionAt(gateway))
    })()
    const refused = (): Promise<number> =>
      scrape(gateway.opsUrl, 'sluice_router_policy_loads_total', { outcome: 'refused' })
    try {
      cpSync(join(folders.newer, 'policy.json'), join(live, 'policy.json'))
      await until('the refusal', refused, count => count === 1)
      expect(await versionAt(gateway)).toBe(versions.doubting)
      cpSync(folders.newer, live, { recursive: true })
      await followedBy(gateway, versions.newer)
    } finally {
      done = true
      await asking
    }
    expect(new Set(seen)).toEqual(new Set([versions.doubting, versions.newer]))
    expect(await refused()).toBe(1)
    expect(await cli('list')).toMatchObject([{ configured: versions.newer, active: versions.newer }])
  })
})
