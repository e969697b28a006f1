import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { usableCores } from '#services/platform/process/group/usable-cores'

it.each([
  ['100000 100000', 1],
  ['50000 100000', 1],
  [`${availableParallelism()}00000 100000`, availableParallelism()],
  ['max 100000', availableParallelism()],
  ['nothing that is known', availableParallelism()],
])('usableCores() keeps to a quota of %s', (quota, cores) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cores-'))
  writeFileSync(join(folder, 'cpu.max'), `${quota}\n`)
  expect(usableCores(join(folder, 'cpu.max'))).toBe(cores)
  expect(usableCores(join(folder, 'missing'))).toBe(availableParallelism())
  rmSync(folder, { recursive: true })
})
