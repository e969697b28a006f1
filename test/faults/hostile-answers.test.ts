import { expect, it } from 'vitest'
import { playHostileAnswers } from '../support/faults/hostile-play.ts'

it('200 hostile answers hold up no call of another tenant, and cost no worker', async () => {
  const { beforeMs, duringMs, refused, ends, isWorkerAlive } = await playHostileAnswers(200)
  const [before, during] = [beforeMs, duringMs].map(all => Math.round(Math.max(...all)))
  process.stdout.write(
    `200 hostile answers: the slowest call of another tenant took ${before} ms before, ${during} ms during\n`,
  )
  expect(refused).toEqual([])
  expect(during).toBeLessThan(Math.max(500, 4 * (before ?? 0)))
  expect(new Set(ends)).toEqual(new Set(['answered']))
  expect(isWorkerAlive).toBe(true)
})
