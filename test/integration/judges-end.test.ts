import { spawn, type ChildProcess } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createJudges, type Judges } from '#services/worker/sandbox/judges'
import { buildWorker } from '../support/built-worker.ts'
import { isJudging, judgesOf } from '../support/judge-processes.ts'

beforeAll(buildWorker)

const opened: Judges[] = []
const parents: ChildProcess[] = []
afterEach(() => {
  for (const judges of opened.splice(0)) judges.close()
  for (const parent of parents.splice(0)) parent.kill('SIGKILL')
})

const never = new AbortController().signal
/** A single step, in which the engine looks at no clock. */
const endlessStep = 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)'
const addition = { program: 'const add = (a, b) => a + b', calls: ['add(1, 2)'], timeoutMs: 5000 }
const three = [{ kind: 'value', json: '3' }]
const soon = { timeout: 6000, interval: 100 }

function open(processes = 1): Judges {
  const judges = createJudges({ processes })
  opened.push(judges)
  return judges
}

function onlyJudge(parentPid: number): number {
  const [judge, ...others] = judgesOf(parentPid)
  expect(others).toEqual([])
  if (judge === undefined) throw new Error('there is no judge')
  return judge.pid
}

/** A process that has a judge at work on a step that never ends. */
async function startParent(timeoutMs: number, then: string): Promise<{ parent: ChildProcess; judge: number }> {
  const file = pathToFileURL('dist/services/worker/sandbox/judges.js').href
  const program = `
    import { createJudges } from ${JSON.stringify(file)}
    const run = { program: '', calls: [${JSON.stringify(endlessStep)}], timeoutMs: ${timeoutMs} }
    createJudges({ processes: 1 }).run(run, new AbortController().signal).catch(() => {})
    setInterval(() => {}, 1000)
    process.once('SIGUSR2', () => { ${then} })
    process.stdout.write('there')`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  parents.push(parent)
  await new Promise(resolve => parent.stdout.once('data', resolve))
  const judge = await vi.waitFor(() => onlyJudge(parent.pid ?? 0), soon)
  // It has begun once it has been given a second to start in.
  await new Promise(resolve => setTimeout(resolve, 1000))
  expect(isJudging(judge)).toBe(true)
  return { parent, judge }
}

describe('createJudges()', () => {
  it('leaves no judge behind when its process is killed', async () => {
    const { parent, judge } = await startParent(2000, '')
    parent.kill('SIGKILL')
    await vi.waitFor(() => expect(isJudging(judge)).toBe(false), soon)
  })

  it('leaves no judge behind when its process exits', async () => {
    const { parent, judge } = await startParent(30_000, 'process.exit(0)')
    parent.kill('SIGUSR2')
    await vi.waitFor(() => expect(isJudging(judge)).toBe(false), soon)
  })

  it('kills every judge when it is closed, and calls no program failed for it', async () => {
    const judges = open(2)
    const runs = [1, 2].map(() => judges.run({ program: '', calls: [endlessStep], timeoutMs: 30_000 }, never))
    const ended = Promise.allSettled([...runs, judges.run(addition, never)])
    await vi.waitFor(() => expect(judgesOf(process.pid)).toHaveLength(2), soon)
    await new Promise(resolve => setTimeout(resolve, 500))
    judges.close()
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await vi.waitFor(() => expect(judgesOf(process.pid)).toEqual([]), soon)
    await expect(judges.run(addition, never)).rejects.toThrow(/closed/u)
  })

  it.each([0, 500])('judges on when its judge died while idle, %d ms before', async waitMs => {
    const judges = open()
    expect(await judges.run(addition, never)).toEqual(three)
    process.kill(onlyJudge(process.pid), 'SIGKILL')
    await new Promise(resolve => setTimeout(resolve, waitMs))
    expect(await judges.run(addition, never)).toEqual(three)
  })

  it('lets go of a program that nobody waits for while its process starts, and keeps the process', async () => {
    const judges = open()
    const leaving = new AbortController()
    const startedAt = performance.now()
    const run = judges.run({ program: '', calls: ['(() => { for (;;); })()'], timeoutMs: 20_000 }, leaving.signal)
    leaving.abort()
    await expect(run).rejects.toThrow(/abort/u)
    expect(performance.now() - startedAt).toBeLessThan(15_000)
    const judge = onlyJudge(process.pid)
    expect(await judges.run(addition, never)).toEqual(three)
    expect(onlyJudge(process.pid)).toBe(judge)
  })

  it('starts nothing and waits in no line for who has left already', async () => {
    const judges = open()
    await expect(judges.run(addition, AbortSignal.abort())).rejects.toThrow(/abort/u)
    expect(judgesOf(process.pid)).toEqual([])
    const busy = judges.run({ program: '', calls: ['(() => { for (;;); })()'], timeoutMs: 3000 }, never)
    const startedAt = performance.now()
    await expect(judges.run(addition, AbortSignal.abort())).rejects.toThrow(/abort/u)
    expect(performance.now() - startedAt).toBeLessThan(1500)
    expect(await busy).toEqual([{ kind: 'stopped' }])
  })
})
