import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GatewayError } from '#services/contract/errors'
import type { PolicyRegistry } from '#services/router/policies/policy-registry'
import type { KeptOutcome, OutcomeStore } from '#services/state/outcomes/outcome-store'

/** Replays what was recorded of a ladder by the policy that decides on it, under limits on the risk. */
export type ReplayRecords = (ladder: string, maxRisks: readonly number[]) => Promise<object>

/** What it needs. */
export interface ReplayRecordsDependencies {
  readonly outcomes: Pick<OutcomeStore, 'read'>
  readonly policyRegistry: Pick<PolicyRegistry, 'roles'>
}

const program = fileURLToPath(new URL('../../calibrate/main.js', import.meta.url))
/** Number of latest records that are replayed: some seconds of work. */
const mostRecords = 4000
const longestMs = 60_000
const mostReportBytes = 16e6

/**
 * Makes the replay. It computes in a process of its own at low priority, one at a time, so that callers do not wait
 * for it.
 */
export function createReplayRecords({ outcomes, policyRegistry }: ReplayRecordsDependencies): ReplayRecords {
  let isBusy = false
  return async (ladder, maxRisks) => {
    const files = policyRegistry.roles(ladder).active?.files
    if (files === undefined) throw new GatewayError('NotFound', `ladder ${ladder} has no fitted policy`)
    if (isBusy) {
      throw new GatewayError('Overloaded', 'another replay is under way', { reason: 'REPLAY_BUSY', retryAfterMs: 2000 })
    }
    isBusy = true
    const policy = await mkdtemp(join(tmpdir(), 'sluice-replay-'))
    try {
      await Promise.all([...files].map(([name, bytes]) => writeFile(join(policy, name), bytes)))
      return await measure({ policy, ladder, maxRisks, records: await recordsOf(ladder, outcomes) })
    } finally {
      isBusy = false
      await rm(policy, { recursive: true, force: true })
    }
  }
}

async function recordsOf(ladder: string, outcomes: Pick<OutcomeStore, 'read'>): Promise<readonly KeptOutcome[]> {
  const records: KeptOutcome[] = []
  for await (const kept of outcomes.read(ladder)) records.push(kept)
  if (records.length === 0) throw new GatewayError('NotFound', `nothing is recorded of ladder ${ladder} yet`)
  return records.toSorted((one, other) => one.record.at - other.record.at).slice(-mostRecords)
}

function measure(wanted: object): Promise<object> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [program],
      { timeout: longestMs, maxBuffer: mostReportBytes },
      (error, stdout) => {
        if (error !== null) return reject(new Error('the process that replays records failed', { cause: error }))
        const { report, fault } = JSON.parse(stdout) as { readonly report?: object; readonly fault?: string }
        if (report === undefined) return reject(new GatewayError('NotFound', fault ?? 'nothing came of the replay'))
        return resolve(report)
      },
    )
    // It may have ended already; then its end is read.
    child.stdin?.on('error', () => {})
    child.stdin?.end(JSON.stringify(wanted))
    if (child.pid !== undefined) lowerPriority(child.pid)
  })
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It runs like any other then.
  }
}
