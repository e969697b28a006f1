import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'

const root = packageRoot()

/** Sources written by hand, by their path under the project. */
const sources = readdirSync(join(root, 'services'), { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
  .map(entry => relative(root, join(entry.parentPath, entry.name)))
  .filter(path => !path.includes('/generated/'))
  .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))

const pathsWhere = (broken: (source: { path: string; text: string }) => boolean): readonly string[] =>
  sources.filter(broken).map(({ path }) => path)

/** Lines that hold code: neither empty nor comment alone. */
function codeLines(text: string): number {
  const withoutBlocks = text.replaceAll(/^\s*\/\*[\s\S]*?\*\/\s*$/gmu, '')
  return withoutBlocks.split('\n').filter(line => line.trim() !== '' && !line.trim().startsWith('//')).length
}

/** Exports without a docstring that ends on the line before. */
function bareExports(text: string): readonly string[] {
  const lines = text.split('\n')
  return lines.filter((line, index) => {
    if (!/^export (?:async )?(?:const|function|class|interface|type) /u.test(line)) return false
    const before = lines[index - 1]?.trim() ?? ''
    // The second and later signatures of an overloaded function stand under the docstring of the first.
    const overloaded = /^export (?:async )?function (\w+)/u.exec(line)?.[1]
    if (overloaded !== undefined && new RegExp(`^export (?:async )?function ${overloaded}\\b`, 'u').test(before))
      return false
    return !before.endsWith('*/')
  })
}

describe('the house', () => {
  it('is looked at', () => {
    expect(sources.length).toBeGreaterThan(100)
  })

  it('has no file of more than 250 lines of code', () => {
    expect(pathsWhere(({ text }) => codeLines(text) > 250)).toEqual([])
  })

  it('has a docstring on every export', () => {
    const bare = sources.flatMap(({ path, text }) => bareExports(text).map(line => `${path}: ${line}`))
    expect(bare).toEqual([])
  })

  it('has no barrels, re-exports or default exports', () => {
    expect(pathsWhere(({ path }) => basename(path) === 'index.ts')).toEqual([])
    expect(pathsWhere(({ text }) => /^export (?:default\b|\*|\{[^}]*\} from)/mu.test(text))).toEqual([])
  })

  it('has no room without a name of its own', () => {
    expect(
      pathsWhere(({ path }) => /(?:^|[/-])(?:utils?|helpers?|common|misc|managers?)(?:[/.]|$)/u.test(path)),
    ).toEqual([])
  })

  it('names files in kebab case', () => {
    expect(pathsWhere(({ path }) => !/^[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/u.test(basename(path)))).toEqual([])
  })

  it('reads the environment in load-config alone', () => {
    const readers = pathsWhere(({ text }) => /\bprocess\.env\b/u.test(text))
    // The second sets a variable for a library that reads it, and reads none.
    expect(readers).toEqual(['services/config/load-config.ts', 'services/platform/process/forbid-telemetry.ts'])
  })

  it('keeps services apart', () => {
    const services = ['router', 'worker', 'calibrate', 'cli', 'shared']
    const crossed = sources.flatMap(({ path, text }) => {
      const own = path.split('/')[1] ?? ''
      const imported = [...text.matchAll(/from '((?:\.\.\/)+)([\w-]+)\//gu)]
      return (
        imported
          .filter(([, ups = '', room = '']) => ups.length / 3 === path.split('/').length - 2 && services.includes(room))
          .filter(([, , room]) => room !== 'shared' && room !== own)
          // The command line is the front door: calibration runs in its process.
          .filter(([, , room]) => !(own === 'cli' && room === 'calibrate'))
          .map(([, , room]) => `${path} imports ${room}`)
      )
    })
    expect(crossed).toEqual([])
  })
})
