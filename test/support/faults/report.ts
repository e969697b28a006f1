import type { Redis } from 'ioredis'
import type { Callers, ReadyzSeen, Seen } from './callers.ts'
import { faultsPrefix, isAlive, servedNanoUsd, type Deployment } from './deployment.ts'
import { onThisMachine, type MachineDelay } from './machine-delay.ts'
import type { ModelServer } from './model-server.ts'

/** When the fault began and ended, epoch ms. */
export interface FaultTimes {
  readonly beganAt: number
  readonly endedAt: number
}

/** What a fault came to, as callers and the model server saw it. */
export interface FaultReport {
  readonly calls: number
  readonly failures: number
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
  /** What the tenant was charged beyond what the model server served. */
  readonly tenantOffNanoUsd: number
  /**
   * The same of the deployment's own counter, which bears attempts of which nobody knows whether they ran, at their
   * reserve.
   */
  readonly deploymentOffNanoUsd: number
  readonly servedNanoUsd: number
  /** Times that a process said ready while every call around it failed. */
  readonly readyLies: number
  /** Times that a process was not ready once all was well again. */
  readonly lateReady: number
  /** What it said then. */
  readonly lateTexts: readonly string[]
  /** What other work left of the machine meanwhile. */
  readonly machineDelay: MachineDelay
}

/** What to check. */
export interface ReportInput {
  readonly callers: Callers
  readonly deployment: Deployment
  readonly models: ModelServer
  readonly times: FaultTimes
  readonly machineDelay: MachineDelay
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
  const lost = await lostOf(accepted, input.deployment, onThisMachine(30_000, input.machineDelay))
  const booked = books === undefined ? undefined : await bookedNanoUsd(books)
  const served = models.served.length * servedNanoUsd
  const late = callers.readyz.filter(
    ({ at, ready }) => !ready && at > Math.max(lastAt, times.endedAt) + onThisMachine(10_000, input.machineDelay),
  )
  return {
    calls: seen.length,
    failures: failed.length,
    byStatus: countBy(seen),
    outageMs: after.length === 0 ? 0 : lastAt - times.beganAt,
    recoveryMs: Math.max(0, lastAt - times.endedAt),
    // Of calls that began while the fault lasted: those before it had an answer to wait for.
    slowestRefusalMs: Math.round(
      Math.max(
        0,
        ...failed
          .filter(({ status, startedAt }) => status === 'UNAVAILABLE' && startedAt > times.beganAt + 1000)
          .map(({ elapsedMs }) => elapsedMs),
      ),
    ),
    jobsAccepted: accepted.length,
    jobsLost: lost,
    tenantOffNanoUsd: booked === undefined ? 0 : booked.tenant - served,
    deploymentOffNanoUsd: booked === undefined ? 0 : booked.deployment - served,
    servedNanoUsd: served,
    readyLies: liesOf(callers.readyz, seen, times.beganAt + onThisMachine(noticeMs, input.machineDelay)),
    lateReady: late.length,
    lateTexts: [...new Set(late.map(({ url, text }) => `${url}: ${text}`))],
    machineDelay: input.machineDelay,
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

/** Accepted jobs that do not end well within `ms`. */
async function lostOf(accepted: readonly Seen[], { routers }: Deployment, ms: number): Promise<number> {
  const router = routers.find(({ process }) => isAlive(process))
  if (router === undefined) return 0
  const untilAt = Date.now() + ms
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

/** What the counters of the day hold, once no hold is open; read from Redis itself. */
export async function bookedNanoUsd(redis: Redis): Promise<{ readonly tenant: number; readonly deployment: number }> {
  const untilAt = Date.now() + 30_000
  for (;;) {
    const [tenant, deployment] = await Promise.all(['tenant:acme', 'deployment'].map(owner => counterOf(redis, owner)))
    // A counter that nothing was booked on is not there yet.
    const isSettled = [tenant, deployment].every(counter => (counter?.['reserved'] ?? 0) === 0)
    if (isSettled || Date.now() > untilAt) {
      const { spent = 0, lost = 0, overrun = 0 } = deployment ?? {}
      return { tenant: tenant?.['spent'] ?? 0, deployment: spent + lost + overrun }
    }
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

async function counterOf(redis: Redis, owner: string): Promise<Record<string, number>> {
  const [key = ''] = await redis.keys(`${faultsPrefix}:{money}:scope:${owner}:day:*`)
  const counts = key === '' ? {} : await redis.hgetall(key)
  return Object.fromEntries(Object.entries(counts).map(([field, amount]) => [field, Number(amount)]))
}

/** A router lies that says ready although it failed every call of the second around, a while after the fault began. */
function liesOf(readyz: readonly ReadyzSeen[], seen: readonly Seen[], noticedAt: number): number {
  return readyz.filter(({ at, ready, url }) => {
    if (!ready || at < noticedAt) return false
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
  const { byStatus, outageMs, recoveryMs, slowestRefusalMs, jobsAccepted, jobsLost } = report
  const statuses = Object.entries(byStatus)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')
  return [
    `fault: ${name}`,
    `  callers saw: ${statuses}`,
    `  last failure ${seconds(outageMs)} after its beginning, ${seconds(recoveryMs)} after its end; slowest refusal ${seconds(slowestRefusalMs)}`,
    `  jobs: ${jobsAccepted} accepted, ${jobsLost} lost; of ${report.servedNanoUsd} nano-USD served the tenant is off by ${report.tenantOffNanoUsd}, the deployment by ${report.deploymentOffNanoUsd}`,
    `  readiness: ${report.readyLies} lies, ${report.lateReady} late ${report.lateTexts.join('; ')}`,
    `  machine: work took ${report.machineDelay.slowdown.toFixed(1)} times as long as on an idle one, at worst ${report.machineDelay.worstMs} ms longer`,
  ].join('\n')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
