// Asks the registry for known faults of what runs; exit code 1 when one is high or critical. A registry that does not
// answer the question (offline, a mirror) is said and passes, since a build must not hang on somebody else's server;
// with --required it is exit code 3.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { stdout } = spawnSync('npm', ['audit', '--omit', 'dev', '--json'], {
  cwd: root,
  encoding: 'utf8',
  timeout: 60_000,
})
const answer = parse(stdout ?? '')
const counts = answer?.metadata?.vulnerabilities
if (counts === undefined) {
  process.stdout.write(
    `audit: not answered (${answer?.message ?? 'no answer'}); nothing is known of the dependencies\n`,
  )
  if (process.argv.includes('--required')) process.exitCode = 3
} else {
  process.stdout.write(
    `audit: ${counts.critical} critical, ${counts.high} high, ${counts.moderate} moderate, ${counts.low} low\n`,
  )
  for (const [name, { severity, range }] of Object.entries(answer.vulnerabilities ?? {}))
    process.stdout.write(`  ${severity}  ${name} ${range}\n`)
  process.exitCode = counts.critical + counts.high > 0 ? 1 : 0
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    // Cut short, or no JSON at all: the same as no answer.
    return undefined
  }
}
