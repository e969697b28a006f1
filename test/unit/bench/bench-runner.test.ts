import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'

const root = packageRoot()
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bench = (...parameters: readonly string[]) =>
  promisify(execFile)(process.execPath, ['bin/sluice.js', 'bench', ...parameters], { cwd: root })

/** Measurements with a command line of their own that the bench does not list. */
const others = new Set(['spoken-numbers', 'out-of-domain', 'odd-pictures', 'indexes'])

describe('the bench', () => {
  it('knows every scenario, and has a file for each that it knows', async () => {
    const runner = [join('test', 'bench', 'run.mjs'), '--list']
    const { stdout } = await promisify(execFile)(process.execPath, runner, { cwd: root })
    const listed = stdout
      .split('\n')
      .filter(line => /^[a-z]/u.test(line))
      .map(line => line.split(' ')[0])
    const files = ['latency', 'load', 'money', 'quality']
      .flatMap(room => readdirSync(join(root, 'test', 'bench', room)))
      .filter(name => name.endsWith('.mjs'))
      .map(name => name.replace('.mjs', ''))
      .filter(name => !others.has(name))
    expect(new Set(listed)).toEqual(new Set(files))
  })

  it('writes the machine and rows of the promised shape', async () => {
    const file = join(folder, 'rows.json')
    const { stdout } = await bench('decide', '--quick', '--json', file)
    expect(stdout).toContain('p99')
    const { machine, scenarios } = JSON.parse(readFileSync(file, 'utf8')) as {
      machine: Record<string, unknown>
      scenarios: Record<string, unknown>[]
    }
    expect(machine).toMatchObject({ cores: expect.any(Number), node: process.version })
    const times = scenarios.filter(row => row['unit'] === 'ms')
    expect(times.length).toBeGreaterThan(2)
    for (const row of times) {
      expect(row).toMatchObject({ name: 'decide', concurrency: 1, metric: expect.any(String) })
      expect(row['ratio']).toBeCloseTo(Number(row['value']) / Number(row['bare']), 1)
    }
  })

  it('names the scenarios that there are when it is asked for another', async () => {
    await expect(bench('nothing')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('decide') })
  })
})
