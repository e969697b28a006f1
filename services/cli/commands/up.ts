import { join, relative } from 'node:path'
import { loadConfig, type LoadedConfig } from '#services/config/load-config'
import type { Task } from '#services/contract/content'
import { softwareVersion } from '#services/platform/process/software-version'
import type { CommonOptions } from '#services/cli/client/common-options'
import { preparePacks } from '#services/cli/packs/packs-command'
import { openLogFile, type LogFile } from '#services/cli/system/log-file'
import { startVisibly } from '#services/cli/system/start-visibly'
import type { System, SystemOptions } from '#services/cli/system/system'
import { selfCommand } from '#services/cli/output/self-command'
import type { Terminal } from '#services/cli/output/terminal'

/** Options of `up`. */
export interface UpOptions extends CommonOptions {
  readonly pull: boolean
  readonly verbose?: boolean
}

/** `sluice up` */
export async function runUp(options: UpOptions, terminal: Terminal): Promise<void> {
  const loaded = loadConfig(options.config)
  const places = placesOf(loaded)
  const file = openLogFile(places.logFile)
  keepWarnings(file)
  terminal.note(terminal.paint('dim', `sluice ${softwareVersion(loaded.places.root)}  ${loaded.file}`))
  if (options.pull) await preparePacks(loaded, terminal)
  const startedAt = performance.now()
  const system = await started(loaded, { ...options, file }, terminal)
  announce(loaded, { system, tookMs: performance.now() - startedAt, logFile: file.path }, terminal)
  await untilAsked()
  terminal.note('draining; Ctrl-C again ends everything at once')
  const second = (): void => {
    system.kill()
    process.exit(1)
  }
  process.once('SIGINT', second).once('SIGTERM', second)
  await system.stop()
  process.exit(0)
}

/** Starts it unless it is cancelled first. */
async function started(
  loaded: LoadedConfig,
  { file, verbose = false }: { readonly file: LogFile; readonly verbose?: boolean },
  terminal: Terminal,
): Promise<System> {
  const abandoned = new AbortController()
  const abandon = (): void => abandoned.abort()
  process.once('SIGINT', abandon).once('SIGTERM', abandon)
  try {
    return await startVisibly(loaded, { ...placesOf(loaded), file, verbose }, terminal, abandoned.signal)
  } finally {
    process.off('SIGINT', abandon).off('SIGTERM', abandon)
  }
}

/** Node's warnings are for developers, not for users. */
function keepWarnings(file: LogFile): void {
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => file.write(`${new Date().toISOString()} up: ${name}: ${message}`))
}

/**
 * Where a system's services, its Redis and its log live: one folder for each gRPC address, so that two systems
 * share nothing.
 */
export function placesOf({ config, places }: LoadedConfig): SystemOptions & { readonly logFile: string } {
  const own = join(places.state, config.listen.grpc.replaceAll(/[^a-zA-Z0-9.]/gu, '-'))
  return {
    redisFolder: join(own, 'redis'),
    servicesFolder: join(places.root, 'dist', 'services'),
    logFile: join(own, 'sluice.log'),
  }
}

interface Started {
  readonly system: System
  readonly tookMs: number
  readonly logFile: string
}

function announce(
  loaded: LoadedConfig,
  { system: { redis, http }, tookMs, logFile }: Started,
  terminal: Terminal,
): void {
  const { grpc, ops } = loaded.config.listen
  if (terminal.json) {
    terminal.value({ ready: true, grpc, http: http ?? 'off', ops, redis: redis?.kind ?? 'configured', log: logFile })
    return
  }
  if (redis?.kind === 'embedded') {
    terminal.line(
      terminal.paint(
        'yellow',
        'warning: no redis-server or valkey-server on PATH, so the embedded one is used: it keeps everything in memory, so jobs do not survive a stop, and it is many times slower',
      ),
    )
  }
  const at = (text: string): string => terminal.paint('cyan', text)
  const scheme = loaded.config.listen.tls === undefined ? 'http' : 'https'
  terminal.line(`${terminal.paint('green', 'ready')} after ${(tookMs / 1000).toFixed(1)} s`)
  terminal.line(`  gRPC   ${at(grpc)}`)
  terminal.line(`  HTTP   ${http === undefined ? closedHttp(loaded) : at(`${scheme}://${http}/v1`)}`)
  terminal.line(`  ops    ${at(`http://${ops}/metrics`)}`)
  terminal.line(`  redis  ${redis === undefined ? 'as configured' : `${redis.program} (private, ${redis.kind})`}`)
  terminal.line(`  log    ${logFile}`)
  terminal.line(`  try    ${terminal.paint('bold', `${selfCommand()} ${trial(loaded)}`)}`)
  terminal.line('  stop   Ctrl-C')
}

/** Why there is no HTTP port. */
function closedHttp({ config }: LoadedConfig): string {
  return config.listen.http === 'off' ? 'off' : 'closed: 127.0.0.1:8080 is in use; set listen.http to another port'
}

/** A first request that the ladders can answer. */
function trial({ config, places }: LoadedConfig): string {
  const tasks = new Set(Object.values(config.ladders).map(({ task }) => task))
  const file = (name: string): string => relative(process.cwd(), join(places.root, 'deploy', 'demo', name))
  if (tasks.has('ocr')) return `infer --ocr ${file('images/receipt.png')}`
  if (tasks.has('transcribe')) return `infer --transcribe ${file('audio/four-digits.wav')}`
  const [task = 'generate'] = ['generate', 'classify', 'embed'].filter(one => tasks.has(one as Task))
  return `infer --task ${task} "Which gas do plants take in?"`
}

function untilAsked(): Promise<void> {
  return new Promise(resolve => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve())
  })
}
