import type { Redis } from 'ioredis'
import type { Callers, ReadyzSeen, Seen } from './callers.ts'
import { faultsPrefix, servedNanoUsd, type Deployment } from './deployment.ts'
import type { ModelServer } from './model-server.ts'

/** When the fault began and ended, epoch ms. */
export interface FaultTimes {
  readonly beganAt: number
  readonly endedAt: number
}

/** What a fault came to, as callers and the model server saw it. */
export interface FaultReport {
  readonly calls: number
  readonly byStatus: Readonly<Record<string, number>>
  /** From the fault's beginning to the start of the last call that failed. */
  readonly outageMs: number
  /** The same from the fault's end; 0 when nothing failed after it. */
  readonly recoveryMs: number
  /** Slowest answer UNAVAILABLE. */
  readonly slowestRefusalMs: number
  readonly jobsAccepted: number
  /** Accepted jobs that are not known any more, or did not end. */
  readonly jobsLost: number
  /** What the books of the ledger say beyond those of the model server. */
  readonly moneyOffNanoUsd: number
  readonly servedNanoUsd: number
  /** Times that a process said ready while every call around it failed. */
  readonly readyLies: number
  /** Times that a process was not ready once all was well again. */
  readonly lateReady: number
}

/** What is looked at. */
export interface ReportInput {
  readonly callers: Callers
  readonly deployment: Deployment
  readonly models: ModelServer
  readonly times: FaultTimes
  /** Where the ledger's counters lie now. */
  readonly books?: Redis
}

/** A router may take this long to notice. */
const noticeMs = 2500

/** Reads what came of it: every accepted job is asked for, and the books are read beside the code that keeps them. */
export async function reportOf(input: ReportInput): Promise<FaultReport> {
  const { callers, models, times, books } = input
  const { seen } = callers
  const failed = seen.filter(({ status }) => status !== 'OK')
  const after = failed.filter(({ startedAt }) => startedAt >= times.beganAt).map(({ startedAt }) => startedAt)
  const lastAt = Math.max(0, ...after)
  const accepted = seen.filter(({ jobId }) => jobId !== undefined)
  const lost = await lostOf(accepted, input.deployment)
  const served = models.served.length * servedNanoUsd
  return {
    calls: seen.length,
    byStatus: countBy(seen),
    outageMs: after.length === 0 ? 0 : lastAt - times.beganAt,
    recoveryMs: Math.max(0, lastAt - times.endedAt),
    slowestRefusalMs: Math.round(
      Math.max(0, ...failed.filter(({ status }) => status === 'UNAVAILABLE').map(({ elapsedMs }) => elapsedMs)),
    ),
    jobsAccepted: accepted.length,
    jobsLost: lost,
    moneyOffNanoUsd: books === undefined ? 0 : (await bookedNanoUsd(books)) - served,
    servedNanoUsd: served,
    readyLies: liesOf(callers.readyz, seen, times.beganAt),
    lateReady: callers.readyz.filter(({ at, ready }) => !ready && at > Math.max(lastAt, times.endedAt) + 10_000).length,
  }
}

function countBy(seen: readonly Seen[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind, status, reason } of seen) {
    const name = `${kind} ${status}${reason === undefined ? '' : ` ${reason}`}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** Accepted jobs that do not end well within 30 s. */
async function lostOf(accepted: readonly Seen[], { routers }: Deployment): Promise<number> {
  const [router] = routers
  if (router === undefined) return 0
  const untilAt = Date.now() + 30_000
  const isLost = async ({ jobId = '' }: Seen): Promise<boolean> => {
    for (;;) {
      const { answer, failure } = await router.client.job(jobId)
      if (failure?.status === 'NOT_FOUND') return true
      if (answer?.state === 'JOB_STATE_SUCCEEDED') return false
      if (answer?.state === 'JOB_STATE_FAILED' || Date.now() > untilAt) return true
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  }
  const lost: boolean[] = []
  for (let at = 0; at < accepted.length; at += 50) {
    lost.push(...(await Promise.all(accepted.slice(at, at + 50).map(isLost))))
  }
  return lost.filter(Boolean).length
}

/** What the deployment's counter of the day holds, once no hold is open; read from Redis itself. */
async function bookedNanoUsd(redis: Redis): Promise<number> {
  const untilAt = Date.now() + 30_000
  for (;;) {
    const keys = await redis.keys(`${faultsPrefix}:{money}:scope:deployment:day:*`)
    const counts = keys[0] === undefined ? {} : await redis.hgetall(keys[0])
    const amount = (field: string): number => Number(counts[field] ?? 0)
    if (amount('reserved') === 0 || Date.now() > untilAt) return amount('spent') + amount('lost') + amount('overrun')
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

/** A router lies that says ready although it failed every call of the second around, a while after the fault began. */
function liesOf(readyz: readonly ReadyzSeen[], seen: readonly Seen[], beganAt: number): number {
  return readyz.filter(({ at, ready, url }) => {
    if (!ready || at < beganAt + noticeMs) return false
    const around = seen.filter(
      ({ router, startedAt }) =>
        `http://${String(router.process.ready['ops'])}` === url && Math.abs(startedAt - at) < 1000,
    )
    return around.length >= 3 && around.every(({ status }) => status === 'UNAVAILABLE')
  }).length
}

/** Prints what a fault came to, for people and for docs/operations.md. */
export function show(name: string, report: FaultReport): void {
  process.stdout.write(`${describeReport(name, report)}\n`)
}

function describeReport(name: string, report: FaultReport): string {
  const { byStatus, outageMs, recoveryMs, slowestRefusalMs, jobsAccepted, jobsLost, moneyOffNanoUsd } = report
  const statuses = Object.entries(byStatus)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')
  return [
    `fault: ${name}`,
    `  callers saw: ${statuses}`,
    `  last failure ${seconds(outageMs)} after its beginning, ${seconds(recoveryMs)} after its end; slowest refusal ${seconds(slowestRefusalMs)}`,
    `  jobs: ${jobsAccepted} accepted, ${jobsLost} lost; money off ${moneyOffNanoUsd} of ${report.servedNanoUsd} nano-USD`,
    `  readiness: ${report.readyLies} lies, ${report.lateReady} late`,
  ].join('\n')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
