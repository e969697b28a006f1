import { readFileSync } from 'node:fs'
import { seeded } from './system.mjs'

const english = ['LICENSE', 'README.md', 'deploy/RUNBOOK.md']
  .map(name => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'))
  .join('\n')

/** So many texts of one length, each cut out of this project's own English. */
export function textsOf(count, characters, seed = 1) {
  const random = seeded(seed)
  return Array.from({ length: count }, () => {
    const from = Math.floor(random() * (english.length - characters))
    // Read again, as from the wire: a slice of a long text is slower to look at than a text of its own.
    return Buffer.from(english.slice(from, from + characters)).toString()
  })
}
