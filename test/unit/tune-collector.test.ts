import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { tuneCollector } from '#services/platform/process/tune-collector'

const [growth, alone, helped] = ['--heap-growing-percent=300', '--no-parallel-scavenge', '--parallel-scavenge']

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval'] }))
afterEach(() => vi.useRealTimers())

it('lets a thread collect alone until it is busy, and again when it has time; V8 is told of changes only', () => {
  const told: string[] = []
  let share = 0
  tuneCollector({ workedShare: () => share, setFlag: flag => told.push(flag) })
  expect(told).toEqual([growth, alone])
  vi.advanceTimersByTime(1000)
  expect(told).toHaveLength(2)
  share = 0.9
  vi.advanceTimersByTime(1000)
  expect(told).toEqual([growth, alone, helped])
  share = 0.1
  vi.advanceTimersByTime(1000)
  expect(told).toEqual([growth, alone, helped, alone])
})

it('reads how busy this thread is', async () => {
  const told: string[] = []
  tuneCollector({ setFlag: flag => told.push(flag) })
  const until = performance.now() + 50
  // The loop does nothing but work until the first look.
  while (performance.now() < until);
  vi.advanceTimersByTime(250)
  expect(told.at(-1)).toBe(helped)
  await new Promise(resolve => setTimeout(resolve, 300))
  vi.advanceTimersByTime(250)
  expect(told.at(-1)).toBe(alone)
})

it('names flags that this V8 has', () => {
  const told: string[] = []
  tuneCollector({ workedShare: () => 1, setFlag: flag => told.push(flag) })
  vi.advanceTimersByTime(250)
  expect(told).toHaveLength(3)
  // Node ends with 9 for an option that V8 does not know; `setFlagsFromString` passes over it.
  const exitCode = (flag: string): number | null => spawnSync(process.execPath, [flag, '--eval', '0']).status
  expect(told.map(exitCode)).toEqual([0, 0, 0])
  expect(exitCode('--no-such-scavenge')).toBe(9)
})

it('is done in every service', () => {
  const service = pathToFileURL(join(packageRoot(), 'dist', 'services', 'platform', 'process', 'run-service.js')).href
  const main = `import v8 from 'node:v8'
    import { syncBuiltinESMExports } from 'node:module'
    const told = []
    v8.setFlagsFromString = flag => told.push(flag)
    syncBuiltinESMExports()
    const { runService } = await import('${service}')
    const start = async () => { console.log(told.join()); return { drainMs: 0, drain: async () => {} } }
    await runService(start, { logger: { info() {}, fatal: console.log }, parentPipe: false })
    process.exit(0)`
  const told = execFileSync(process.execPath, ['--input-type=module', '--eval', main], { encoding: 'utf8' })
  expect(told).toBe(`${growth},${alone}\n`)
})
