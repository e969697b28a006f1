import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'
import type { Policy } from '#services/decision/policy/policy'
import { policyReferenceSchema, type PolicyReference } from '#services/decision/policy/reference'
import type { PolicyFiles } from './policy-store.ts'
import { fileFaultText } from '#services/platform/process/file-fault'

/** Loads the policy of a folder. @throws GatewayError Config */
export type LoadPolicy = (folder: string) => Promise<Policy>

/** A policy that was read, checked and warmed up. */
export interface OpenedPolicy {
  readonly policy: Policy
  readonly reference?: PolicyReference
  /** What it was fitted on, where it says so. */
  readonly data?: PolicyData
  /** Its folder; absent for one that the configuration describes without a folder. */
  readonly files?: PolicyFiles
}

/** What a policy was fitted on. */
export interface PolicyData {
  readonly rows: number
  readonly datasets: readonly string[]
}

/** Largest folder that is taken: a hundred times what calibration writes. */
const mostBytes = 16e6
const mostFiles = 16
const fileName = /^(?!.*\.\.)[A-Za-z0-9._-]{1,100}$/u

/**
 * Opens a policy whose files are at hand, for a ladder of the given rungs.
 * @throws GatewayError Config when they are not what was fitted, or are of other models
 */
export async function openPolicyFiles(
  files: PolicyFiles,
  rungs: readonly string[],
  loadPolicy: LoadPolicy,
): Promise<OpenedPolicy> {
  checkFiles(files)
  const folder = mkdtempSync(join(tmpdir(), 'sluice-policy-'))
  try {
    for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
    const policy = await loadPolicy(folder)
    const missing = rungs.filter(rung => !policy.models.includes(rung))
    if (missing.length > 0) {
      throw new GatewayError(
        'Config',
        `policy ${policy.version} knows ${policy.models.join(', ')} and nothing of ${missing.join(', ')}`,
      )
    }
    await warmUp(policy)
    return { policy, files, ...factsOf(files) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The files of a folder on disk. @throws GatewayError Config when it cannot be read or holds too much */
export function readPolicyFolder(folder: string): PolicyFiles {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isFile())
    const bytes = entries.reduce((sum, entry) => sum + statSync(join(folder, entry.name)).size, 0)
    if (bytes > mostBytes) throw tooMuch()
    return new Map(entries.map(({ name }) => [name, readFileSync(join(folder, name))]))
  } catch (error) {
    if (error instanceof GatewayError) throw error
    throw new GatewayError(
      'Config',
      `policy ${folder}: it cannot be read: ${fileFaultText(error)}`,
      {},
      { cause: error },
    )
  }
}

/** Changes whenever a file of the folder does; empty when it cannot be read. */
export function signatureOf(folder: string): string {
  try {
    const names = readdirSync(folder).toSorted()
    const signs = names.map(name => {
      const { size, mtimeMs, ino } = statSync(join(folder, name))
      return `${name} ${size} ${mtimeMs} ${ino}`
    })
    return signs.join('\n')
  } catch {
    // A folder that is being replaced is read again at the next check.
    return ''
  }
}

function checkFiles(files: PolicyFiles): void {
  const bytes = [...files.values()].reduce((sum, one) => sum + one.byteLength, 0)
  if (files.size > mostFiles || bytes > mostBytes) throw tooMuch()
  const bad = [...files.keys()].find(name => !fileName.test(name))
  if (bad !== undefined) throw new GatewayError('Config', 'a policy file has an invalid name')
}

function tooMuch(): GatewayError {
  return new GatewayError('Config', `a policy has at most ${mostFiles} files of ${mostBytes / 1e6} MB together`)
}

/** The first estimates of a graph take many times what later ones do; no request should be the one that meets them. */
async function warmUp(policy: Policy): Promise<void> {
  for (let turn = 0; turn < warmUpTurns; turn += 1) await policy.estimate([{ kind: 'text', text: 'warm up' }])
}

const warmUpTurns = 3

const factsSchema = z.object({
  reference: policyReferenceSchema.optional(),
  data: z.object({ rows: z.number(), datasets: z.array(z.string()) }).optional(),
})

/** The file was read as a policy already, so only its optional parts are checked here. */
function factsOf(files: PolicyFiles): Pick<OpenedPolicy, 'reference' | 'data'> {
  const json: unknown = JSON.parse(Buffer.from(files.get('policy.json') ?? '{}').toString())
  const { reference, data } = factsSchema.safeParse(json).data ?? {}
  return { ...(reference === undefined ? {} : { reference }), ...(data === undefined ? {} : { data }) }
}
