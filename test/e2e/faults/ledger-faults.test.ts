import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GetBudgetResponse__Output } from '#services/wire/generated/sluice/v1/GetBudgetResponse'
import { untilTrue } from '../../support/gateway.ts'
import { moneyConfig } from '../../support/money/money-config.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { connect, startProcess, textRequest, type RunningProcess, type TestClient } from '../../support/processes.ts'
import { runCli } from '../../support/run-cli.ts'
import { openTcpProxy, type TcpProxy } from '../../support/stores/tcp-proxy.ts'

/** What one request costs whose answer is accepted: its text is echoed. */
const text = 'confidence=0.9 paid'
const costNanoUsd = 1000 + 10 * text.length
/** Money for several requests, and no more. */
const capNanoUsd = 400_000

let server: PrivateRedis
let proxy: TcpProxy
let folder: string
let file: string
let running: RunningProcess[] = []
let router: RunningProcess
let client: TestClient

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-ledger-'))
  server = await startPrivateRedis({ appendOnly: true })
  proxy = await openTcpProxy(server.socketPath)
  file = join(folder, 'sluice.json')
  const redisUrl = `redis://127.0.0.1:${proxy.port}`
  const budgets = { tenantPerDayUsd: capNanoUsd / 1e9, requestMaxUsd: 1 }
  writeFileSync(file, JSON.stringify(moneyConfig({ redisUrl, prefix: 'faults', budgets })))
  await Promise.all([start('worker', ['--pool', 'small']), start('worker', ['--pool', 'large'])])
  await startRouter()
  await untilTrue(async () => (await ask()).failure === undefined)
})
afterAll(async () => {
  client.close()
  await Promise.all(running.map(one => one.end('SIGKILL')))
  await proxy.close()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function start(service: 'router' | 'worker', more: readonly string[]): Promise<RunningProcess> {
  // What routers remember of the ledger is kept apart from that of this machine's user.
  const environment = { XDG_STATE_HOME: join(folder, 'state') }
  const process = await startProcess(service, ['--config', file, ...more], environment, 60_000)
  running.push(process)
  return process
}

async function startRouter(): Promise<void> {
  router = await start('router', [])
  client = connect(String(router.ready['grpc']))
}

const ask = () => client.infer(textRequest(text), { deadlineMs: 8000 })

function budget(): Promise<GetBudgetResponse__Output | undefined> {
  return new Promise(resolve => {
    client.raw.getBudget({}, (_error, answer) => resolve(answer))
  })
}

async function tenantDay(): Promise<{ readonly reserved: number; readonly spent: number }> {
  const day = (await budget())?.budgets.find(one => one.scope === 'tenant:day')
  return { reserved: day?.reservedNanoUsd ?? -1, spent: day?.spentNanoUsd ?? -1 }
}

/** What the day came to once what was answered is settled, which happens behind the answer. */
async function settledDay(): ReturnType<typeof tenantDay> {
  for (;;) {
    const day = await tenantDay()
    if (day.reserved === 0) return day
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

describe('the ledger, when Redis', () => {
  it('is slow, holds and settles as ever, and overspends nothing', async () => {
    const before = await settledDay()
    proxy.delayMs = 200
    const all = await Promise.all(Array.from({ length: 40 }, ask))
    proxy.delayMs = 0
    const answered = all.filter(one => one.failure === undefined).length
    expect(answered).toBeGreaterThan(0)
    expect(all.flatMap(one => one.failure?.status ?? []).filter(status => status !== 'RESOURCE_EXHAUSTED')).toEqual([])
    const { spent } = await settledDay()
    expect(spent - before.spent).toBe(answered * costNanoUsd)
    expect(spent).toBeLessThanOrEqual(capNanoUsd)
  })

  it('is stopped, says UNAVAILABLE within a second, and goes on with its data without a restart of anything else', async () => {
    const before = await settledDay()
    await server.kill()
    const away = await ask()
    expect(away.failure?.status).toBe('UNAVAILABLE')
    expect(away.elapsedMs).toBeLessThan(1000)
    await server.restart()
    await untilTrue(async () => (await ask()).failure === undefined)
    const { spent } = await settledDay()
    expect(spent).toBeGreaterThanOrEqual(before.spent + costNanoUsd)
    expect((spent - before.spent) % costNanoUsd).toBe(0)
    expect(router.child.exitCode).toBeNull()
  })

  it('has lost its data, refuses what is paid until the ledger is restored with what was spent', async () => {
    // Two turns of the loop that remembers.
    await new Promise(resolve => setTimeout(resolve, 4500))
    const before = await settledDay()
    await server.kill()
    await server.restartEmpty()
    await untilTrue(async () => (await ask()).failure?.reason === 'LEDGER_CLOSED')
    expect((await budget())?.restoreNeeded).toBe(true)
    expect((await ask()).failure?.status).toBe('UNAVAILABLE')
    const readyz = (): Promise<Response> => fetch(`http://${String(router.ready['ops'])}/readyz`)
    // Redis itself is well again with the next look.
    await expect.poll(async () => (await readyz()).text()).toContain('not ready: ledger')

    // A router that starts again remembers it too.
    client.close()
    await router.end('SIGKILL')
    await startRouter()
    await untilTrue(async () => (await ask()).failure?.reason === 'LEDGER_CLOSED')

    const address = String(router.ready['grpc'])
    const restored = await runCli(['budget', 'restore', '--address', address])
    expect(restored.stdout).toContain('the ledger is open again')
    expect(restored.code).toBe(0)
    expect((await tenantDay()).spent).toBe(before.spent)
    await untilTrue(async () => (await readyz()).status === 200)
    const shown = await runCli(['budget', '--address', address])
    expect(shown.stdout).toContain('tenant:day')
    expect(shown.stdout).not.toContain('lost its data')
    await untilTrue(async () => (await ask()).failure === undefined)
    expect((await runCli(['budget', 'restore', '--address', address])).stderr).toContain('nothing to restore')
  })
})
