import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { rowFields } from '#services/cli/client/many-requests'
import { runCli } from '../../support/run-cli.ts'

const docs = readdirSync(join(packageRoot(), 'docs'), { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.md'))
  .map(name => join('docs', name))
const pages = ['README.md', ...docs, 'deploy/RUNBOOK.md', 'deploy/SECURITY.md']

/** Words of every `node bin/sluice.js …` on a page, without what a shell or a sentence adds. */
function commandsOf(page: string): readonly string[] {
  const text = readFileSync(join(packageRoot(), page), 'utf8')
  const found = [...text.matchAll(/node bin\/sluice\.js ([a-z][^`\n#|…]*)/gu)].map(([, words = '']) => words.trim())
  return found.map(words => words.replaceAll(/"[^"]*"/gu, 'WORDS'))
}

const commands = [...new Set(pages.flatMap(commandsOf))]

it('tells nobody to run the package of a stranger of the same name', () => {
  const folders = [
    'README.md',
    ...docs.filter(page => !page.startsWith(join('docs', 'decisions'))),
    'deploy/RUNBOOK.md',
  ]
  const named = [...folders, 'clients/typescript/README.md', 'clients/python/README.md'].filter(page =>
    /npx sluice/u.test(readFileSync(join(packageRoot(), page), 'utf8')),
  )
  expect(named).toEqual([])
})

it('has every field of a row of --jsonl in docs and help', { timeout: 60_000 }, async () => {
  const { stdout: help } = await runCli(['infer', '--help'])
  const page = readFileSync(join(packageRoot(), 'docs', 'clients.md'), 'utf8')
  expect(rowFields.length).toBeGreaterThan(15)
  expect(rowFields.filter(field => !help.includes(`"${field}"`))).toEqual([])
  expect(rowFields.filter(field => !page.includes(`\`${field}\``))).toEqual([])
})

it(
  'names only commands and options that there are, in README, docs, runbook and threat model',
  { timeout: 300_000 },
  async () => {
    expect(commands.length).toBeGreaterThan(25)
    const helps = new Map<string, Promise<string>>()
    const helpOf = (path: string): Promise<string> => {
      const help = helps.get(path) ?? runCli([...path.split(' '), '--help']).then(({ stdout }) => stdout)
      helps.set(path, help)
      return help
    }
    const faults: string[] = []
    for (const command of commands) {
      const words = command.split(' ')
      const path = words.slice(
        0,
        /^(?:jobs|policies|keys|budget|models|prices|config|index)$/u.test(words[0] ?? '') ? 2 : 1,
      )
      const plain = path.filter(word => /^[a-z]+$/u.test(word)).join(' ')
      const help = await helpOf(plain)
      if (!help.startsWith(`Usage: sluice ${plain} `)) faults.push(`${command}: there is no such command`)
      for (const flag of command.match(/--[a-z][a-z-]*/gu) ?? []) {
        if (!help.includes(`${flag} `) && !help.includes(`${flag}\n`)) faults.push(`${command}: it takes no ${flag}`)
      }
    }
    expect(faults).toEqual([])
  },
)
