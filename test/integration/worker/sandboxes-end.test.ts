import { spawn, type ChildProcess } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createSandboxes, type Sandboxes } from '#services/worker/sandbox/sandboxes'
import type { TimedOrder } from '#services/worker/sandbox/sandbox-process'
import { buildWorker } from '../../support/worker/built-worker.ts'
import { isAlive, sandboxesOf } from '../../support/worker/sandbox-processes.ts'

beforeAll(buildWorker)

function programOf(program: string, call: string, timeoutMs: number): TimedOrder {
  return { order: { kind: 'program', program, calls: [call], timeoutMs }, timeoutMs }
}

const opened: Sandboxes[] = []
const parents: ChildProcess[] = []
afterEach(() => {
  for (const sandboxes of opened.splice(0)) sandboxes.close()
  for (const parent of parents.splice(0)) parent.kill('SIGKILL')
})

const never = new AbortController().signal
/** A single step, in which the engine looks at no clock. */
const endlessStep = 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)'
const addition = programOf('const add = (a, b) => a + b', 'add(1, 2)', 5000)
const three = { calls: [{ kind: 'value', json: '3' }] }
const soon = { timeout: 6000, interval: 100 }

function open(processes = 1): Sandboxes {
  const sandboxes = createSandboxes({ processes })
  opened.push(sandboxes)
  return sandboxes
}

function onlySandbox(parentPid: number): number {
  const [sandbox, ...others] = sandboxesOf(parentPid)
  expect(others).toEqual([])
  if (sandbox === undefined) throw new Error('there is no sandbox')
  return sandbox.pid
}

/** A process that has a sandbox at work on a step that never ends. */
async function startParent(timeoutMs: number, then: string): Promise<{ parent: ChildProcess; sandbox: number }> {
  const file = pathToFileURL('dist/services/worker/sandbox/sandboxes.js').href
  const program = `
    import { createSandboxes } from ${JSON.stringify(file)}
    const order = ${JSON.stringify(programOf('', endlessStep, timeoutMs))}
    createSandboxes({ processes: 1 }).check(order, { tenant: 'tenant' }, new AbortController().signal).catch(() => {})
    setInterval(() => {}, 1000)
    process.once('SIGUSR2', () => { ${then} })
    process.stdout.write('there')`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  parents.push(parent)
  await new Promise(resolve => parent.stdout.once('data', resolve))
  const sandbox = await vi.waitFor(() => onlySandbox(parent.pid ?? 0), soon)
  // It has begun once it has been given a second to start in.
  await new Promise(resolve => setTimeout(resolve, 1000))
  expect(isAlive(sandbox)).toBe(true)
  return { parent, sandbox }
}

describe('createSandboxes()', () => {
  it('leaves no sandbox behind when its process is killed', async () => {
    const { parent, sandbox } = await startParent(2000, '')
    parent.kill('SIGKILL')
    await vi.waitFor(() => expect(isAlive(sandbox)).toBe(false), soon)
  })

  it('leaves no sandbox behind when its process exits', async () => {
    const { parent, sandbox } = await startParent(30_000, 'process.exit(0)')
    parent.kill('SIGUSR2')
    await vi.waitFor(() => expect(isAlive(sandbox)).toBe(false), soon)
  })

  it('kills every sandbox when it is closed, and calls no program failed for it', async () => {
    const sandboxes = open(2)
    const runs = [1, 2].map(() => sandboxes.check(programOf('', endlessStep, 30_000), { tenant: 'tenant' }, never))
    const ended = Promise.allSettled([...runs, sandboxes.check(addition, { tenant: 'tenant' }, never)])
    await vi.waitFor(() => expect(sandboxesOf(process.pid)).toHaveLength(2), soon)
    await new Promise(resolve => setTimeout(resolve, 500))
    sandboxes.close()
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await vi.waitFor(() => expect(sandboxesOf(process.pid)).toEqual([]), soon)
    await expect(sandboxes.check(addition, { tenant: 'tenant' }, never)).rejects.toThrow(/closed/u)
  })

  it.each([0, 500])('checks on when its sandbox died while idle, %d ms before', async waitMs => {
    const sandboxes = open()
    expect(await sandboxes.check(addition, { tenant: 'tenant' }, never)).toEqual(three)
    process.kill(onlySandbox(process.pid), 'SIGKILL')
    await new Promise(resolve => setTimeout(resolve, waitMs))
    expect(await sandboxes.check(addition, { tenant: 'tenant' }, never)).toEqual(three)
  })

  it('lets go of a program that nobody waits for while its process starts, and keeps the process', async () => {
    const sandboxes = open()
    const leaving = new AbortController()
    const startedAt = performance.now()
    const run = sandboxes.check(programOf('', '(() => { for (;;); })()', 20_000), { tenant: 'tenant' }, leaving.signal)
    leaving.abort()
    await expect(run).rejects.toThrow(/abort/u)
    expect(performance.now() - startedAt).toBeLessThan(15_000)
    const sandbox = onlySandbox(process.pid)
    expect(await sandboxes.check(addition, { tenant: 'tenant' }, never)).toEqual(three)
    expect(onlySandbox(process.pid)).toBe(sandbox)
  })

  it('starts nothing and waits in no line for who has left already', async () => {
    const sandboxes = open()
    await expect(sandboxes.check(addition, { tenant: 'tenant' }, AbortSignal.abort())).rejects.toThrow(/abort/u)
    expect(sandboxesOf(process.pid)).toEqual([])
    const busy = sandboxes.check(programOf('', '(() => { for (;;); })()', 3000), { tenant: 'tenant' }, never)
    const startedAt = performance.now()
    await expect(sandboxes.check(addition, { tenant: 'tenant' }, AbortSignal.abort())).rejects.toThrow(/abort/u)
    expect(performance.now() - startedAt).toBeLessThan(1500)
    expect(await busy).toEqual({ calls: [{ kind: 'stopped' }] })
  })
})
