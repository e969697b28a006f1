import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { collectByLoad } from '../../services/shared/process/collect-by-load.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

it('collects alone until the thread is busy, and again when it has time; V8 is told of changes only', () => {
  const told: string[] = []
  let share = 0
  collectByLoad({ workedShare: () => share, tellV8: flag => told.push(flag) })
  expect(told).toEqual(['--no-parallel-scavenge'])
  vi.advanceTimersByTime(1000)
  expect(told).toHaveLength(1)
  share = 0.9
  vi.advanceTimersByTime(1000)
  expect(told).toEqual(['--no-parallel-scavenge', '--parallel-scavenge'])
  share = 0.1
  vi.advanceTimersByTime(1000)
  expect(told).toEqual(['--no-parallel-scavenge', '--parallel-scavenge', '--no-parallel-scavenge'])
})

it('reads how busy this thread is', () => {
  vi.useRealTimers()
  vi.useFakeTimers({ toFake: ['setInterval'] })
  const told: string[] = []
  collectByLoad({ tellV8: flag => told.push(flag) })
  const until = performance.now() + 50
  // The loop does nothing but work until the first look.
  while (performance.now() < until);
  vi.advanceTimersByTime(250)
  expect(told.at(-1)).toBe('--parallel-scavenge')
})

it('names flags that this V8 has', () => {
  const told: string[] = []
  collectByLoad({ workedShare: () => 1, tellV8: flag => told.push(flag) })
  vi.advanceTimersByTime(250)
  expect(told).toHaveLength(2)
  // Node ends with an error for an option that V8 does not know; `setFlagsFromString` passes over it.
  for (const flag of told) execFileSync(process.execPath, [flag, '--eval', '0'])
  expect(() => execFileSync(process.execPath, ['--no-such-scavenge', '--eval', '0'], { stdio: 'pipe' })).toThrow(
    'no-such-scavenge',
  )
})
