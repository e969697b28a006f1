import { loadConfig } from '../shared/config/load-config.ts'
import { GatewayError } from '../shared/contract/errors.ts'
import { sleep } from '../shared/process/every.ts'
import type { CommonOptions } from './common-options.ts'
import { readMetrics, type Scrape } from './read-metrics.ts'
import { tableOf, type Column, type Terminal } from './terminal.ts'

/** Options of `top`. */
export interface TopOptions extends CommonOptions {
  readonly ops?: string
  readonly every: string
  readonly once?: boolean
}

interface Pool {
  readonly pool: string
  readonly workers: number
  readonly running: number
  readonly capacity: number
  readonly waiting: number
  readonly backlogSeconds: number
  readonly waitSeconds: number
  readonly refusedPerSecond: number
}

interface Rung {
  readonly model: string
  readonly judgedPerSecond: number
  /** Shares of the judged; 0 when none was. */
  readonly acceptedRatio: number
  readonly escalatedRatio: number
  readonly failedRatio: number
  readonly usdPerHour: number
}

/** What a router did between two scrapes. */
interface Picture {
  readonly requestsPerSecond: number
  readonly failedPerSecond: number
  readonly inFlight: number
  readonly degradedPerSecond: number
  readonly usdPerHour: number
  readonly pools: readonly Pool[]
  readonly rungs: readonly Rung[]
}

/** `sluice top`: one router, its pools and rungs, anew every few seconds. */
export async function runTop(options: TopOptions, terminal: Terminal): Promise<void> {
  const seconds = Number(options.every)
  if (!(seconds > 0)) throw new GatewayError('Config', '--every: expected seconds above 0')
  const address = options.ops ?? loadConfig(options.config).config.listen.ops
  let before = await scrape(address)
  for (;;) {
    await sleep(seconds * 1000)
    const now = await scrape(address)
    const picture = pictureOf(before, now, seconds)
    if (terminal.json) terminal.value(picture)
    else show(picture, address, terminal)
    if (options.once === true) return
    before = now
  }
}

async function scrape(address: string): Promise<Scrape> {
  try {
    const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(5000) })
    return readMetrics(await response.text())
  } catch (error) {
    throw new GatewayError('Config', `no router tells its metrics at ${address}`, {}, { cause: error })
  }
}

function pictureOf(before: Scrape, now: Scrape, seconds: number): Picture {
  const rate = (name: string, labels?: Readonly<Record<string, string>>): number =>
    Math.max(0, now.sum(name, labels) - before.sum(name, labels)) / seconds
  const requests = rate('sluice_router_requests_total')
  return {
    requestsPerSecond: requests,
    failedPerSecond: Math.max(0, requests - rate('sluice_router_requests_total', { status: 'OK' })),
    inFlight: now.sum('sluice_router_in_flight_requests'),
    degradedPerSecond: rate('sluice_router_degraded_total'),
    usdPerHour: rate('sluice_router_spent_usd_total') * 3600,
    pools: now.valuesOf('sluice_router_pool_workers', 'pool').map(pool => poolOf(pool, now, rate)),
    rungs: now.valuesOf('sluice_router_rungs_total', 'model').map(model => rungOf(model, rate)),
  }
}

type Rate = (name: string, labels?: Readonly<Record<string, string>>) => number

function poolOf(pool: string, now: Scrape, rate: Rate): Pool {
  const figure = (name: string): number => now.sum(`sluice_router_pool_${name}`, { pool })
  return {
    pool,
    workers: figure('workers'),
    running: figure('running_legs'),
    capacity: figure('capacity_legs'),
    waiting: figure('waiting_jobs'),
    backlogSeconds: figure('backlog_seconds'),
    waitSeconds: figure('wait_seconds'),
    refusedPerSecond: rate('sluice_router_pool_refused_seconds_total', { pool }),
  }
}

function rungOf(model: string, rate: Rate): Rung {
  const judged = rate('sluice_router_rungs_total', { model })
  const share = (verdict: string): number =>
    judged === 0 ? 0 : rate('sluice_router_rungs_total', { model, verdict }) / judged
  return {
    model,
    judgedPerSecond: judged,
    acceptedRatio: share('accepted'),
    escalatedRatio: share('escalated'),
    failedRatio: share('failed'),
    usdPerHour: rate('sluice_router_spent_usd_total', { model }) * 3600,
  }
}

const clearScreen = '\u001B[2J\u001B[H'

function show(picture: Picture, address: string, terminal: Terminal): void {
  if (terminal.screen) process.stdout.write(clearScreen)
  const { requestsPerSecond, failedPerSecond, inFlight, degradedPerSecond, usdPerHour } = picture
  terminal.line(
    `${terminal.paint('bold', address)}  ${requestsPerSecond.toFixed(1)} requests/s, ${failedPerSecond.toFixed(1)} not OK, ${degradedPerSecond.toFixed(1)} degraded, ${inFlight} in flight, $${usdPerHour.toFixed(4)}/h`,
  )
  terminal.line()
  terminal.line(tableOf(poolColumns, picture.pools, terminal))
  terminal.line()
  terminal.line(tableOf(rungColumns, picture.rungs, terminal))
}

function right<Row>(title: string, cell: (row: Row) => string): Column<Row> {
  return { title, align: 'right', cell }
}

const poolColumns: readonly Column<Pool>[] = [
  { title: 'pool', cell: ({ pool }) => pool },
  {
    title: 'workers',
    align: 'right',
    cell: ({ workers }) => String(workers),
    style: ({ workers }) => (workers === 0 ? 'red' : undefined),
  },
  right('running', ({ running, capacity }) => `${running}/${capacity}`),
  right('waiting', ({ waiting }) => String(waiting)),
  right('backlog', ({ backlogSeconds }) => `${backlogSeconds.toFixed(1)} s`),
  right('wait', ({ waitSeconds }) => `${waitSeconds.toFixed(2)} s`),
  right('refused', ({ refusedPerSecond }) => `${refusedPerSecond.toFixed(2)} s/s`),
]

const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`

const rungColumns: readonly Column<Rung>[] = [
  { title: 'rung', cell: ({ model }) => model },
  right('judged/s', ({ judgedPerSecond }) => judgedPerSecond.toFixed(1)),
  right('accepted', ({ acceptedRatio }) => percent(acceptedRatio)),
  right('escalated', ({ escalatedRatio }) => percent(escalatedRatio)),
  right('failed', ({ failedRatio }) => percent(failedRatio)),
  right('cost', ({ usdPerHour }) => `$${usdPerHour.toFixed(4)}/h`),
]
