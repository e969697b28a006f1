import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { policySchema, type PolicyFile } from '#services/decision/policy/policy-schema'
import { rounded } from '#services/calibrate/round'
import { openOutputFolder, writeOutput } from './write-output.ts'

/**
 * Writes a policy folder: its files first, then `policy.json` that holds their hashes. The same policy gives the
 * same bytes.
 */
export function writePolicy(
  folder: string,
  policy: Omit<PolicyFile, 'files'>,
  files: ReadonlyMap<string, Uint8Array>,
): void {
  openOutputFolder(folder)
  const hashes: Record<string, string> = {}
  for (const [name, bytes] of files) {
    writeOutput(join(folder, name), bytes)
    hashes[name] = createHash('sha256').update(bytes).digest('hex')
  }
  const whole: PolicyFile = { ...policy, files: hashes }
  const text = `${JSON.stringify(whole, roundedField, 1)}\n`
  // A number that is none would only show when the policy is loaded.
  policySchema.parse(JSON.parse(text))
  writeOutput(join(folder, 'policy.json'), text)
}

function roundedField(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? rounded(value) : value
}
