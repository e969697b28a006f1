/** A Markdown table. Its cells are not padded: the formatter leaves generated parts alone. */
export function table(head, rows) {
  const line = row => `| ${row.map(cell => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
  return [line(head), `|${head.map(() => ' --- |').join('')}`, ...rows.map(line)].join('\n')
}
