import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLogFile } from '#services/cli/system/log-file'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-log-'))
  path = join(folder, 'deep', 'sluice.log')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('openLogFile()', () => {
  it('keeps the newest lines in files that together stay within their bounds', () => {
    const log = openLogFile(path, { fileBytes: 1000, keptFiles: 2 })
    for (let number = 0; number < 500; number += 1) log.write(`line ${number}`)
    log.close()
    const files = readdirSync(join(folder, 'deep')).toSorted()
    expect(files).toEqual(['sluice.log', 'sluice.log.1', 'sluice.log.2'])
    for (const file of files) expect(statSync(join(folder, 'deep', file)).size).toBeLessThanOrEqual(1000)
    const kept = ['.2', '.1', ''].map(end => readFileSync(path + end, 'utf8')).join('')
    const numbers = [...kept.matchAll(/^line (\d+)$/gmu)].map(([, number]) => Number(number))
    expect(numbers.at(-1)).toBe(499)
    expect(numbers).toEqual(numbers.map((_, index) => 500 - numbers.length + index))
  })

  it('goes on where the last run stopped, and counts what is there', () => {
    for (const run of ['one', 'two']) {
      const log = openLogFile(path, { fileBytes: 20, keptFiles: 1 })
      log.write(`${run} ${'x'.repeat(8)}`)
      log.close()
    }
    expect(readFileSync(`${path}.1`, 'utf8')).toMatch(/^one/u)
    expect(readFileSync(path, 'utf8')).toMatch(/^two/u)
  })

  it('cuts a line that was never meant as one', () => {
    const log = openLogFile(path, { fileBytes: 1e6, keptFiles: 1 })
    log.write('y'.repeat(500_000))
    log.close()
    expect(statSync(path).size).toBeLessThan(70_000)
  })

  it('is for this user alone, and outlives a folder that is taken away', () => {
    const log = openLogFile(path, { fileBytes: 50, keptFiles: 1 })
    expect(statSync(path).mode & 0o077).toBe(0)
    rmSync(join(folder, 'deep'), { recursive: true })
    for (let number = 0; number < 20; number += 1) log.write('z'.repeat(30))
    log.close()
  })
})
