import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { tuneCollector } from '../../services/shared/process/tune-collector.ts'

const [growth, alone, helped] = ['--heap-growing-percent=300', '--no-parallel-scavenge', '--parallel-scavenge']

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval'] }))
afterEach(() => vi.useRealTimers())

it('lets a thread collect alone until it is busy, and again when it has time; V8 is told of changes only', () => {
  const told: string[] = []
  let share = 0
  tuneCollector({ workedShare: () => share, tellV8: flag => told.push(flag) })
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

it('reads how busy this thread is', () => {
  const told: string[] = []
  tuneCollector({ tellV8: flag => told.push(flag) })
  const until = performance.now() + 50
  // The loop does nothing but work until the first look.
  while (performance.now() < until);
  vi.advanceTimersByTime(250)
  expect(told.at(-1)).toBe(helped)
})

it('names flags that this V8 has', () => {
  const told: string[] = []
  tuneCollector({ workedShare: () => 1, tellV8: flag => told.push(flag) })
  vi.advanceTimersByTime(250)
  expect(told).toHaveLength(3)
  // Node ends with an error for an option that V8 does not know; `setFlagsFromString` passes over it.
  for (const flag of told) execFileSync(process.execPath, [flag, '--eval', '0'])
  expect(() => execFileSync(process.execPath, ['--no-such-scavenge', '--eval', '0'], { stdio: 'pipe' })).toThrow(
    'no-such-scavenge',
  )
})
