import { expect, it } from 'vitest'
import { playHostileAnswers } from '../support/faults/hostile-play.ts'
import { onThisMachine } from '../support/faults/machine-delay.ts'

it('200 hostile answers hold up no call of another tenant, and cost no worker', async () => {
  const { beforeMs, duringMs, refused, ends, isWorkerAlive, machineDelay } = await playHostileAnswers(200)
  const sorted = duringMs.toSorted((a, b) => a - b)
  const p95 = Math.round(sorted[Math.floor(sorted.length * 0.95)] ?? 0)
  const [before, during] = [beforeMs, duringMs].map(all => Math.round(Math.max(...all)))
  process.stdout.write(
    `200 hostile answers: the slowest call of another tenant took ${before} ms before, ${during} ms during (p95 of ${duringMs.length}: ${p95} ms);\n` +
      `  machine: work took ${machineDelay.slowdown.toFixed(1)} times as long as on an idle one, at worst ${machineDelay.worstMs} ms longer\n`,
  )
  expect(refused).toEqual([])
  expect(during).toBeLessThan(Math.max(onThisMachine(500, machineDelay) + machineDelay.worstMs, 4 * (before ?? 0)))
  expect(new Set(ends)).toEqual(new Set(['answered']))
  expect(isWorkerAlive).toBe(true)
})
