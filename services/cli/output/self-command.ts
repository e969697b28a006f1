import { basename, relative, sep } from 'node:path'

/**
 * How a reader of a message calls this program again from the same folder: `npx sluice`, `sluice`, or
 * `node bin/sluice.js`.
 */
export function selfCommand(script = process.argv[1] ?? '', folder = process.cwd()): string {
  if (basename(script) !== 'sluice') return `node ${relative(folder, script)}`
  return script.includes(`${sep}node_modules${sep}.bin${sep}`) ? 'npx sluice' : 'sluice'
}
