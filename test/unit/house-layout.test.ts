import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, posix, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'

/** The floors of the house, lowest first: a room imports rooms of lower floors and of its own folder, nothing else. */
const floors = [
  ['contract'],
  ['platform'],
  ['media', 'packs', 'wire'],
  ['state'],
  ['decision'],
  ['config'],
  ['backends'],
  ['router', 'worker', 'calibrate'],
  ['cli'],
] as const

/** Rooms that do not know each other. What calls them knows their order. */
const strangers = [
  { under: 'services', rooms: ['cli', 'router'] },
  { under: 'services', rooms: ['cli', 'worker'] },
  {
    under: 'services/router',
    rooms: ['admit', 'guardrails', 'assess', 'choose', 'reserve', 'cascade', 'deliver', 'settle'],
  },
  {
    under: 'services/backends',
    rooms: [
      'anthropic',
      'contrastive',
      'echo',
      'embedding',
      'gemini',
      'llama',
      'ocr',
      'open-inference',
      'openai',
      'whisper',
    ],
  },
  { under: 'services/calibrate', rooms: ['load', 'fit', 'evaluate', 'publish'] },
] as const

/** Most hand-written files of one folder. */
const filesOfFolder = 14

const root = packageRoot()

/** Files of a tree that are written by hand, by their path under the project. Recordings of other programs are not. */
const handWritten = (tree: string): readonly string[] =>
  readdirSync(join(root, tree), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .filter(path => !/\/(?:generated|node_modules|dist|__pycache__)\/|^test\/fixtures\//u.test(path))

const written = handWritten('services')

/** Those of them that are TypeScript. */
const sources = written
  .filter(path => path.endsWith('.ts'))
  .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))

const pathsWhere = (broken: (source: { path: string; text: string }) => boolean): readonly string[] =>
  sources.filter(broken).map(({ path }) => path)

interface Import {
  readonly from: string
  readonly to: string
  readonly specifier: string
}

/** Every import of one source by another, whether of values or of types. */
const imports: readonly Import[] = sources.flatMap(({ path, text }) =>
  [...text.matchAll(/(?:from |import\(|^import )'(\.{1,2}\/[^']+|#services\/[^']+)'/gmu)].map(([, specifier = '']) => ({
    from: path,
    to: specifier.startsWith('#') ? `${specifier.slice(1)}.ts` : posix.join(dirname(path), specifier),
    specifier,
  })),
)

const floorOf = (path: string): number =>
  floors.findIndex(rooms => (rooms as readonly string[]).includes(path.split('/')[1] ?? ''))

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
    expect(imports.length).toBeGreaterThan(1000)
  })

  it('has a floor for every room', () => {
    expect(pathsWhere(({ path }) => floorOf(path) < 0)).toEqual([])
  })

  it('imports downwards alone', () => {
    const upward = imports.filter(({ from, to }) => {
      const apart = from.split('/')[1] !== to.split('/')[1]
      return apart && floorOf(to) >= floorOf(from)
    })
    expect(upward).toEqual([])
  })

  it.each(strangers)('keeps rooms of $under apart: $rooms', ({ under, rooms }) => {
    const roomOf = (path: string): string | undefined => rooms.find(room => path.startsWith(`${under}/${room}/`))
    const known = imports.filter(({ from, to }) => {
      const [own, other] = [roomOf(from), roomOf(to)]
      return own !== undefined && other !== undefined && own !== other
    })
    expect(known).toEqual([])
  })

  it.each(['services', 'test', 'scripts', 'clients', 'bin'])('has at most 14 files in each folder of %s', tree => {
    const folders = new Map<string, number>()
    for (const path of handWritten(tree)) folders.set(dirname(path), (folders.get(dirname(path)) ?? 0) + 1)
    expect([...folders].filter(([, files]) => files > filesOfFolder)).toEqual([])
  })

  it('has at most three files beside the rooms of the router', () => {
    expect(written.filter(path => dirname(path) === 'services/router').length).toBeLessThanOrEqual(3)
  })

  it('has a docstring on every export', () => {
    const bare = sources.flatMap(({ path, text }) => bareExports(text).map(line => `${path}: ${line}`))
    expect(bare).toEqual([])
  })

  it('has no barrels or re-exports', () => {
    expect(pathsWhere(({ path }) => basename(path) === 'index.ts')).toEqual([])
    expect(pathsWhere(({ text }) => /^export (?:\*|\{[^}]*\} from)/mu.test(text))).toEqual([])
  })

  it('has no room without a name of its own', () => {
    expect(
      pathsWhere(({ path }) => /(?:^|[/-])(?:utils?|helpers?|common|misc|managers?)(?:[/.]|$)/u.test(path)),
    ).toEqual([])
  })
})
