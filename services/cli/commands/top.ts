import { loadConfig } from '#services/config/load-config'
import { GatewayError } from '#services/contract/errors'
import { sleep } from '#services/platform/process/every'
import type { CommonOptions } from '#services/cli/client/common-options'
import { readNumber } from '#services/cli/client/number-option'
import { readMetrics, type Scrape } from '#services/cli/client/read-metrics'
import { tableOf, type Column, type Style, type Terminal } from '#services/cli/output/terminal'
import { dash } from '#services/cli/output/show-answer'

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
  readonly verdictsPerSecond: number
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
  /** Upper bounds of the time to an answer, by the buckets of the metric; absent when nothing was answered. */
  readonly p50Seconds?: number
  readonly p95Seconds?: number
  readonly inFlight: number
  readonly degradedPerSecond: number
  readonly usdPerHour: number
  readonly pools: readonly Pool[]
  readonly rungs: readonly Rung[]
}

/** `sluice top`: one router, its pools and rungs, again every few seconds. */
export async function runTop(options: TopOptions, terminal: Terminal): Promise<void> {
  const seconds = readNumber('--every', options.every, { from: 0, to: 86_400, above: true, unit: 'seconds' })
  const address = options.ops ?? loadConfig(options.config).config.listen.ops
  let before = await scrape(address)
  let beforeAt = performance.now()
  const view = openView(options, address, terminal)
  for (;;) {
    await sleep(seconds * 1000)
    const now = await scrape(address).catch(view.lost)
    if (now === undefined) continue
    const nowAt = performance.now()
    view.show(pictureOf(before, now, (nowAt - beforeAt) / 1000))
    if (options.once === true) return
    before = now
    beforeAt = nowAt
  }
}

interface View {
  show(picture: Picture): void
  /** A restarting router does not end `top`. @throws the error where there is no terminal */
  lost(error: unknown): undefined
}

function rethrow(error: unknown): never {
  throw error
}

function openView(options: TopOptions, address: string, terminal: Terminal): View {
  if (terminal.json) return { show: picture => terminal.value(picture), lost: rethrow }
  if (options.once === true) {
    return { show: picture => terminal.line(pageOf(picture, address, terminal)), lost: rethrow }
  }
  const screen = openScreen(terminal)
  screen.draw(`${address}: looking for ${options.every} s …`)
  return {
    show: picture => screen.draw(pageOf(picture, address, terminal)),
    lost() {
      screen.draw(terminal.paint('red', `${address} does not answer; looking again every ${options.every} s`))
    },
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
  const total = (labels: Readonly<Record<string, string>> = {}): number =>
    requestRpcs.reduce((sum, rpc) => sum + rate('sluice_router_requests_total', { rpc, ...labels }), 0)
  const requests = total()
  const [p50Seconds, p95Seconds] = [0.5, 0.95].map(quantile => quantileOf(quantile, now, rate))
  return {
    requestsPerSecond: requests,
    failedPerSecond: Math.max(0, requests - total({ status: 'OK' })),
    ...(p50Seconds === undefined ? {} : { p50Seconds }),
    ...(p95Seconds === undefined ? {} : { p95Seconds }),
    inFlight: now.sum('sluice_router_in_flight_requests'),
    degradedPerSecond: rate('sluice_router_degraded_total'),
    usdPerHour: rate('sluice_router_spent_usd_total') * 3600,
    pools: now.valuesOf('sluice_router_pool_workers', 'pool').map(pool => poolOf(pool, now, rate)),
    rungs: now.valuesOf('sluice_router_rungs_total', 'model').map(model => rungOf(model, rate)),
  }
}

/** The rpcs that ask a model; those of operators are no load. */
const requestRpcs = ['Infer', 'InferStream', 'Submit', 'ModelInfer', 'ModelStreamInfer']

/** The bound of the bucket that the quantile of the latest calls is in. */
function quantileOf(quantile: number, now: Scrape, rate: Rate): number | undefined {
  const name = 'sluice_router_request_duration_seconds_bucket'
  const within = (le: string): number => requestRpcs.reduce((sum, rpc) => sum + rate(name, { rpc, le }), 0)
  const all = within('+Inf')
  if (all === 0) return undefined
  const bounds = now.valuesOf(name, 'le').toSorted((a, b) => boundOf(a) - boundOf(b))
  return boundOf(bounds.find(le => within(le) >= quantile * all) ?? '+Inf')
}

function boundOf(le: string): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
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
    verdictsPerSecond: judged,
    acceptedRatio: share('accepted'),
    escalatedRatio: share('escalated'),
    failedRatio: share('failed'),
    usdPerHour: rate('sluice_router_spent_usd_total', { model }) * 3600,
  }
}

/** A screen that is drawn over and over; what stood there before comes back when the command ends. */
function openScreen(terminal: Terminal): { draw(page: string): void } {
  if (!terminal.screen) return { draw: page => terminal.line(`${page}\n`) }
  // The other screen, without a cursor.
  process.stdout.write('\u001B[?1049h\u001B[?25l')
  process.once('exit', () => process.stdout.write('\u001B[?25h\u001B[?1049l'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0))
  return {
    // Every line is cleared behind its end: clearing the whole screen first would flicker.
    draw: page => process.stdout.write(`\u001B[H${page.replaceAll('\n', '\u001B[K\n')}\u001B[K\u001B[J`),
  }
}

function pageOf(picture: Picture, address: string, terminal: Terminal): string {
  const { requestsPerSecond, failedPerSecond, inFlight, degradedPerSecond, usdPerHour, p50Seconds, p95Seconds } =
    picture
  const alarming = (figure: number, text: string, style: Style): string =>
    figure > 0 ? terminal.paint(style, text) : text
  const head = [
    `${requestsPerSecond.toFixed(1)} requests/s`,
    alarming(failedPerSecond, `${failedPerSecond.toFixed(1)} not OK`, 'red'),
    alarming(degradedPerSecond, `${degradedPerSecond.toFixed(1)} degraded`, 'yellow'),
    `${inFlight} in flight`,
    `p50 ${bound(p50Seconds)}, p95 ${bound(p95Seconds)}`,
    `$${usdPerHour.toFixed(4)}/h`,
  ]
  const now = terminal.paint('dim', new Date().toISOString().slice(11, 19))
  return [
    `${terminal.paint('bold', address)}  ${now}  ${head.join(', ')}`,
    tableOf(poolColumns, picture.pools, terminal),
    picture.rungs.length === 0 ? 'no rung has been judged yet' : tableOf(rungColumns, picture.rungs, terminal),
  ].join('\n\n')
}

function bound(seconds: number | undefined): string {
  if (seconds === undefined) return dash
  if (seconds === Number.POSITIVE_INFINITY) return 'over all bounds'
  return seconds < 1 ? `≤ ${seconds * 1000} ms` : `≤ ${seconds} s`
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
  {
    title: 'running',
    align: 'right',
    cell: ({ running, capacity }) => `${running}/${capacity}`,
    style: ({ running, capacity }) => (capacity > 0 && running >= capacity ? 'yellow' : undefined),
  },
  right('waiting', ({ waiting }) => String(waiting)),
  right('backlog', ({ backlogSeconds }) => `${backlogSeconds.toFixed(1)} s`),
  right('wait', ({ waitSeconds }) => `${waitSeconds.toFixed(2)} s`),
  {
    title: 'refused',
    align: 'right',
    cell: ({ refusedPerSecond }) => `${refusedPerSecond.toFixed(2)} s/s`,
    style: ({ refusedPerSecond }) => (refusedPerSecond > 0 ? 'red' : undefined),
  },
]

const percent = ({ verdictsPerSecond }: Rung, ratio: number): string =>
  verdictsPerSecond === 0 ? dash : `${(ratio * 100).toFixed(0)} %`

const rungColumns: readonly Column<Rung>[] = [
  { title: 'rung', cell: ({ model }) => model },
  right('verdicts/s', ({ verdictsPerSecond }) => verdictsPerSecond.toFixed(1)),
  right('accepted', rung => percent(rung, rung.acceptedRatio)),
  right('escalated', rung => percent(rung, rung.escalatedRatio)),
  {
    title: 'failed',
    align: 'right',
    cell: rung => percent(rung, rung.failedRatio),
    style: ({ failedRatio }) => (failedRatio > 0 ? 'red' : undefined),
  },
  right('cost', ({ usdPerHour }) => `$${usdPerHour.toFixed(4)}/h`),
]
