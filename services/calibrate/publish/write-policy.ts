import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PolicyFile } from '../../shared/policy/policy-schema.ts'
import { rounded } from '../round.ts'

/** Writes a policy folder: its files first, then `policy.json` that holds their hashes. The same policy gives the same bytes. */
export function writePolicy(
  folder: string,
  policy: Omit<PolicyFile, 'files'>,
  files: ReadonlyMap<string, Uint8Array>,
): void {
  mkdirSync(folder, { recursive: true })
  const hashes: Record<string, string> = {}
  for (const [name, bytes] of files) {
    writeFileSync(join(folder, name), bytes)
    hashes[name] = createHash('sha256').update(bytes).digest('hex')
  }
  const whole: PolicyFile = { ...policy, files: hashes }
  writeFileSync(join(folder, 'policy.json'), `${JSON.stringify(whole, roundedField, 1)}\n`)
}

function roundedField(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? rounded(value) : value
}
