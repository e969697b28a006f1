import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '#services/cli/system/private-redis'
import { until } from '../gateway.ts'

/** Why Prometheus cannot be run here; `undefined` when it can. */
export const prometheusMissing = missing('prometheus', 'promtool', 'amtool', 'prometheus-redis-exporter')

function missing(...programs: readonly string[]): string | undefined {
  const absent = programs.filter(program => spawnSync(program, ['--version'], { stdio: 'ignore' }).status !== 0)
  return absent.length === 0 ? undefined : `${absent.join(', ')} not installed`
}

/** One job that Prometheus scrapes. */
export interface ScrapeJob {
  readonly name: string
  /** host:port */
  readonly targets: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
}

/** One series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

interface WireSeries {
  readonly metric: Series['metric']
  readonly value: readonly [number, string]
}

/** A Prometheus of a test's own. */
export interface Prometheus {
  /** Asks at this moment. @throws Error when the expression is refused */
  query(expression: string): Promise<readonly Series[]>
  /** Exemplars of a metric in the last minutes. */
  exemplars(expression: string): Promise<readonly Readonly<Record<string, string>>[]>
  /** Targets that were scraped without a fault. */
  healthy(): Promise<number>
  stop(): Promise<void>
}

/** Starts one that scrapes every second and evaluates the rules as often. */
export async function startPrometheus(jobs: readonly ScrapeJob[], ruleFiles: readonly string[]): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-prometheus-'))
  const address = `127.0.0.1:${await freePort()}`
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ruleFiles,
    scrape_configs: jobs.map(({ name, targets, labels = {} }) => ({
      job_name: name,
      static_configs: [{ targets, labels }],
    })),
  }
  // JSON is YAML too.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: 'ignore' },
  )
  const ask = async <Data>(path: string, parameters: Readonly<Record<string, string>>): Promise<Data> => {
    const response = await fetch(`http://${address}${path}`, { method: 'POST', body: new URLSearchParams(parameters) })
    const body = (await response.json()) as { status: string; error?: string; data: Data }
    if (body.status !== 'success') throw new Error(`${parameters['query']}: ${body.error}`)
    return body.data
  }
  await until(
    'Prometheus',
    () =>
      fetch(`http://${address}/-/ready`).then(
        response => response.ok,
        () => false,
      ),
    Boolean,
    60_000,
  )
  return {
    async query(expression) {
      const { resultType, result } = await ask<{ resultType: string; result: readonly WireSeries[] }>('/api/v1/query', {
        query: expression,
      })
      // A number has no series around it: `[time, value]`.
      if (resultType === 'scalar') return [{ metric: {}, value: Number(result[1]) }]
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
    },
    async exemplars(expression) {
      const now = Date.now() / 1000
      const found = await ask<readonly { exemplars: readonly { labels: Series['metric'] }[] }[]>(
        '/api/v1/query_exemplars',
        {
          query: expression,
          start: String(now - 600),
          end: String(now),
        },
      )
      return found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels))
    },
    async healthy() {
      const response = await fetch(`http://${address}/api/v1/targets?state=active`)
      const { data } = (await response.json()) as { data: { activeTargets: readonly { health: string }[] } }
      return data.activeTargets.filter(({ health }) => health === 'up').length
    },
    async stop() {
      await end(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Starts what tells of a Redis; gives its address and how to end it. */
export async function startRedisExporter(
  socketPath: string,
): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(
    'prometheus-redis-exporter',
    [`-redis.addr=unix://${socketPath}`, `-web.listen-address=${address}`],
    {
      stdio: 'ignore',
    },
  )
  return { address, stop: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}
