import { table } from './table.mjs'

/** One row a decision: its title and its status. @throws Error when a decision lacks one of them */
export function decisionIndex(texts) {
  const rows = texts.map(([name, text]) => {
    const title = /^# (.+)$/mu.exec(text)?.[1]
    const status = /^\W*status\W+(.+)$/imu.exec(text)?.[1]
    if (title === undefined || status === undefined)
      throw new Error(`docs/decisions/${name} lacks its title or \`Status: \``)
    return [`[${title}](${name})`, status]
  })
  return `${table(['decision', 'status'], rows)}\n`
}
