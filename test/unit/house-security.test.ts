import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'

const root = packageRoot()
const text = readFileSync(join(root, 'deploy', 'SECURITY.md'), 'utf8')

/** Rows of the table of threats, without its head and the names of its parts. */
const rows = (/## Threats\n([\s\S]*?)\n## /u.exec(text)?.[1] ?? '')
  .split('\n')
  .filter(line => line.startsWith('|'))
  .slice(2)
  .map(line => line.split('|').map(cell => cell.trim()))
  .filter(([, threat = '']) => !threat.startsWith('**'))
  .map(([, threat = '', , tests = '']) => ({ threat, tests }))

/** Tests of a row: the file, and the name as its source has it. */
function testsOf(cell: string): readonly { readonly file: string; readonly name: string }[] {
  return [...cell.matchAll(/`(test\/[^`]+)`((?:\s*,?\s*"[^"]+")+)/gu)].flatMap(([, file = '', names = '']) =>
    [...names.matchAll(/"([^"]+)"/gu)].map(([, name = '']) => ({ file, name })),
  )
}

/** Whether a file has a test of exactly this name, be it of each row of a table. */
function hasTest(file: string, name: string): boolean {
  const path = join(root, file)
  if (!existsSync(path)) return false
  const source = readFileSync(path, 'utf8')
  return ["'", '"', '`'].some(quote => source.includes(`${quote}${name}${quote},`))
}

describe('the threat model', () => {
  it('is looked at', () => {
    expect(rows.length).toBeGreaterThan(40)
  })

  it('names a test for every threat', () => {
    expect(rows.filter(({ tests }) => testsOf(tests).length === 0).map(({ threat }) => threat)).toEqual([])
  })

  it('names only tests that are there', () => {
    const missing = rows.flatMap(({ tests }) => testsOf(tests)).filter(({ file, name }) => !hasTest(file, name))
    expect(missing).toEqual([])
  })

  it('knows a test that is not there', () => {
    expect(hasTest('test/unit/house-security.test.ts', 'is looked at')).toBe(true)
    expect(hasTest('test/unit/house-security.test.ts', 'is not written')).toBe(false)
    expect(hasTest('test/unit/no-such.test.ts', 'is looked at')).toBe(false)
  })
})
