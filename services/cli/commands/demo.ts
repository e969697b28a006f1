import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, packageRoot } from '#services/config/load-config'
import { formatNanoUsd } from '#services/contract/money'
import { freePort } from '#services/cli/system/private-redis'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import type { Output__Output } from '#services/wire/generated/sluice/v1/Output'
import { callerOf } from '#services/cli/client/caller-settings'
import { connectGateway, openGateway, type GatewayCaller } from '#services/cli/client/client'
import { isRight } from '#services/cli/output/compare-answers'
import { readDemoInputs, requestOfInput, type DemoInput } from './demo-inputs.ts'
import { reportFailure } from '#services/cli/client/failure'
import { openLogFile } from '#services/cli/system/log-file'
import { startVisibly } from '#services/cli/system/start-visibly'
import { createLiveLine } from '#services/cli/output/live-line'
import { findRunningGateway } from '#services/cli/client/running-gateway'
import { msOf, outputText, percent, shortEnum, showMs } from '#services/cli/output/show-answer'
import { createTerminal, tableOf, type Terminal } from '#services/cli/output/terminal'
import { preparePacks } from '#services/cli/packs/packs-command'
import { placesOf } from './up.ts'
import { writeOutput } from '#services/calibrate/publish/write-output'

/** Options of `demo`. */
export interface DemoOptions {
  readonly config?: string
  readonly address?: string
  readonly key?: string
  /** File that the rows are written to. */
  readonly json?: string
}

/** What became of one input. */
export interface DemoRow {
  readonly input: string
  readonly task: string
  readonly modality: string
  readonly difficulty: number
  readonly rungs: readonly DemoRung[]
  readonly answer: string
  readonly expected?: string
  readonly correct?: boolean
  readonly degraded: boolean
  readonly costNanoUsd: number
  readonly latencyMs: number
}

interface DemoRung {
  readonly model: string
  readonly tier: string
  readonly confidence: number | null
  readonly verdict: string
  readonly reason: string
  readonly costNanoUsd: number
  readonly latencyMs: number
}

/** `sluice demo` */
export async function runDemo(options: Omit<DemoOptions, 'json'> & { readonly json?: unknown }): Promise<void> {
  const terminal = createTerminal(false)
  const file = typeof options.json === 'string' ? options.json : undefined
  const folder = join(packageRoot(), 'deploy', 'demo')
  const inputs = readDemoInputs(folder)
  const caller = { ...options, json: false }
  const running =
    options.address ?? (await findRunningGateway(caller, new Set(inputs.map(({ task }) => task)), terminal))
  const rows =
    running === undefined
      ? await withSystem(options.config, terminal, address =>
          sendAll(
            { gateway: connectGateway(address, packageRoot(), { ...callerOf({}), apiKey: undefined }), inputs, folder },
            terminal,
          ),
        )
      : await sendAll({ gateway: await openGateway(caller), inputs, folder }, terminal)
  terminal.line(demoTable(rows, terminal))
  terminal.line()
  terminal.line(summaryOf(rows))
  if (file !== undefined) writeOutput(file, `${JSON.stringify(rows, undefined, 2)}\n`)
}

/** Starts a system of its own, on free ports and with an empty Redis, for as long as `use` takes. */
async function withSystem<T>(
  configFile: string | undefined,
  terminal: Terminal,
  use: (address: string) => Promise<T>,
): Promise<T> {
  const grpc = `127.0.0.1:${await freePort()}`
  const loaded = loadConfig(configFile, {
    'listen.grpc': grpc,
    'listen.http': 'off',
    'listen.ops': `127.0.0.1:${await freePort()}`,
    'redis.prefix': `demo-${randomBytes(4).toString('hex')}`,
  })
  await preparePacks(loaded, terminal)
  const redisFolder = mkdtempSync(join(tmpdir(), 'sluice-demo-'))
  const abandoned = new AbortController()
  const abandon = (): void => abandoned.abort()
  process.once('SIGINT', abandon).once('SIGTERM', abandon)
  try {
    terminal.note(
      terminal.paint('dim', 'no gateway runs: starting Redis, a router and the workers for as long as this takes'),
    )
    const log = openLogFile(join(loaded.places.state, 'demo', 'sluice.log'))
    const places = { ...placesOf(loaded), redisFolder, file: log, quiet: true }
    const system = await startVisibly(loaded, places, terminal, abandoned.signal)
    try {
      return await Promise.race([use(grpc), whenAbandoned(abandoned.signal)])
    } finally {
      await system.stop()
    }
  } finally {
    rmSync(redisFolder, { recursive: true, force: true })
  }
}

function whenAbandoned(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the demo was stopped')), { once: true })
  })
}

interface Demo {
  readonly gateway: GatewayCaller
  readonly inputs: readonly DemoInput[]
  readonly folder: string
}

async function sendAll(demo: Demo, terminal: Terminal): Promise<readonly DemoRow[]> {
  const { inputs, folder } = demo
  using gateway = demo.gateway
  const live = createLiveLine()
  const rows: DemoRow[] = []
  // One after the other: each latency is then the input's own.
  for (const [index, input] of inputs.entries()) {
    const at = `${index + 1}/${inputs.length} ${input.id}`
    if (process.stderr.isTTY) live.set(at)
    else terminal.note(at)
    try {
      rows.push(await sendOne(gateway, input, folder))
    } catch (error) {
      live.clear()
      process.exitCode = reportFailure(error, terminal)
    }
  }
  live.clear()
  return rows
}

async function sendOne(gateway: GatewayCaller, input: DemoInput, folder: string): Promise<DemoRow> {
  let difficulty = 0
  let final: InferResponse__Output | undefined
  for await (const event of gateway.stream('InferStream', requestOfInput(input, folder))) {
    if (event.decision) ({ difficulty } = event.decision)
    if (event.final) ({ final } = event)
  }
  if (final === undefined) throw new Error(`${input.id}: the stream ended without an answer`)
  return rowOf(input, difficulty, final)
}

function rowOf(input: DemoInput, difficulty: number, response: InferResponse__Output): DemoRow {
  const { expected, comparator } = input
  const answer = plainAnswer(response.output)
  return {
    input: input.file ?? input.text ?? input.id,
    task: input.task,
    modality: input.modality,
    difficulty,
    rungs: response.rungs.map(rung => ({
      model: rung.model,
      tier: rung.tier,
      confidence: rung.confidence ?? null,
      verdict: shortEnum(rung.verdict),
      reason: rung.reason,
      costNanoUsd: rung.costNanoUsd,
      latencyMs: msOf(rung.latency),
    })),
    answer,
    ...(expected === undefined ? {} : { expected }),
    ...(expected === undefined || comparator === undefined ? {} : { correct: isRight(comparator, answer, expected) }),
    degraded: response.degraded,
    costNanoUsd: response.costNanoUsd,
    latencyMs: msOf(response.latency),
  }
}

function plainAnswer(output: Output__Output | null): string {
  return output?.labels?.labels[0]?.label ?? outputText(output)
}

function demoTable(rows: readonly DemoRow[], terminal: Terminal): string {
  return tableOf<DemoRow>(
    [
      { title: 'input', cell: row => row.input, shrinks: true },
      { title: 'difficulty', align: 'right', cell: row => row.difficulty.toFixed(2) },
      { title: 'rungs tried', cell: row => row.rungs.map(rung => rung.model).join(' → '), style: rungStyle },
      { title: 'confidence', align: 'right', cell: row => percent(row.rungs.at(-1)?.confidence ?? undefined) },
      { title: 'cost', align: 'right', cell: row => formatNanoUsd(row.costNanoUsd) },
      { title: 'latency', align: 'right', cell: row => showMs(row.latencyMs) },
      { title: '', cell: row => mark(row), style: row => (row.correct === false ? 'red' : 'green') },
      { title: 'answer', cell: row => row.answer, shrinks: true },
    ],
    rows,
    terminal,
  )
}

function rungStyle(row: DemoRow): 'yellow' | undefined {
  return row.rungs.length > 1 ? 'yellow' : undefined
}

function mark({ correct }: DemoRow): string {
  if (correct === undefined) return ' '
  return correct ? '✓' : '✗'
}

function summaryOf(rows: readonly DemoRow[]): string {
  const known = rows.filter(row => row.correct !== undefined)
  const right = known.filter(row => row.correct).length
  const first = rows.filter(row => row.rungs.length === 1).length
  const cost = rows.reduce((sum, row) => sum + row.costNanoUsd, 0)
  return `${rows.length} inputs: ${first} answered by the first model, ${rows.length - first} escalated; ${right} of ${known.length} known answers right; ${formatNanoUsd(cost)} in all`
}
