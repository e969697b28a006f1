import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'

const root = packageRoot()
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\n')
  .filter(path => path !== '' && existsSync(join(root, path)))
const pages = tracked.filter(path => path.endsWith('.md') && !path.startsWith('test/fixtures/'))
const decisions = pages.filter(path => path.startsWith('docs/decisions/') && !path.endsWith('README.md'))

/** The text of a page without its blocks of code. */
const proseOf = (page: string): string => read(page).replaceAll(/^ *```[\s\S]*?^ *```/gmu, '')

/** How a heading is addressed. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/gu, '-')

const anchorsOf = (page: string): readonly string[] =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gmu)].map(([, heading = '']) => anchorOf(heading))

/** What is wrong with a link of a page; `undefined` when it leads somewhere. */
function faultOf(page: string, link: string): string | undefined {
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? page : normalize(join(dirname(page), file))
  if (!existsSync(join(root, target))) return `${page}: ${link} leads nowhere`
  if (anchor === undefined || !target.endsWith('.md') || anchorsOf(target).includes(anchor)) return undefined
  return `${page}: ${link}: there is no such heading`
}

describe('the pages', () => {
  it('are looked at', () => {
    expect(pages.length).toBeGreaterThan(20)
    expect(decisions.length).toBeGreaterThan(20)
  })

  it('link to what is there', () => {
    const faults = pages.flatMap(page =>
      [...proseOf(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/gu)].flatMap(([, link = '']) => {
        const fault = faultOf(page, link)
        return fault === undefined ? [] : [fault]
      }),
    )
    expect(faults).toEqual([])
  })

  it('name files that are there', () => {
    const named = pages.flatMap(page =>
      [...proseOf(page).matchAll(/`((?:services|test|scripts|deploy|findings)\/[\w./-]+)`/gu)].map(
        ([, path = '']) => [page, path] as const,
      ),
    )
    expect(named.filter(([, path]) => !existsSync(join(root, path)))).toEqual([])
  })

  it('have no line of prose over 120 characters', () => {
    const isProse = (line: string): boolean => !line.trimStart().startsWith('|')
    const long = pages.flatMap(page =>
      proseOf(page)
        .split('\n')
        .filter(line => isProse(line) && line.length > 120)
        .map(line => `${page}: ${line.slice(0, 60)} …`),
    )
    expect(long).toEqual([])
  })

  it.each([
    ['README.md', 10_000],
    ['services/README.md', 3000],
    ['docs/architecture.md', 15_000],
  ])('keep %s within %i bytes', (page, most) => {
    expect(statSync(join(root, page)).size).toBeLessThanOrEqual(most)
  })
})

describe('comments', () => {
  it('are wrapped at 120 characters', () => {
    const sources = tracked.filter(path => /^(?:services|test|scripts|clients)\/.*\.(?:ts|mjs|lua)$/u.test(path))
    expect(sources.length).toBeGreaterThan(500)
    const long = sources.flatMap(path =>
      read(path)
        .split('\n')
        .filter(line => line.length > 120 && /^\s*(?:\/\/|\/?\*|--)/u.test(line))
        .map(line => `${path}: ${line.trim().slice(0, 60)} …`),
    )
    expect(long).toEqual([])
  })
})

describe('a decision', () => {
  const parts = ['Context', 'Decision', 'Consequences', 'Rejected']

  it.each(decisions)('%s says its status, context, consequences and what was rejected, in 10 to 45 lines', page => {
    const text = read(page)
    expect(text).toMatch(/^# \S/u)
    expect(text).toMatch(/^\W*status\W+(?:accepted|superseded by )/imu)
    expect(parts.filter(part => !new RegExp(`^\\W*${part}`, 'imu').test(text))).toEqual([])
    const lines = text.trim().split('\n').length
    expect(lines).toBeGreaterThanOrEqual(10)
    expect(lines).toBeLessThanOrEqual(45)
  })
})
