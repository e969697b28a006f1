import { join } from 'node:path'
import { loadConfig, type LoadedConfig } from '#services/config/load-config'
import type { CommonOptions } from '#services/cli/client/common-options'
import { createLogLines } from '#services/cli/system/log-lines'
import { preparePacks } from '#services/cli/packs/packs-command'
import { startSystem, type System } from '#services/cli/system/system'
import type { Terminal } from '#services/cli/output/terminal'

/** Options of `up`. */
export interface UpOptions extends CommonOptions {
  readonly pull: boolean
}

/** `sluice up` */
export async function runUp(options: UpOptions, terminal: Terminal): Promise<void> {
  const loaded = loadConfig(options.config)
  if (options.pull) await preparePacks(loaded, terminal)
  const startedAt = performance.now()
  const abandoned = new AbortController()
  const abandon = (): void => {
    abandoned.abort()
  }
  process.once('SIGINT', abandon).once('SIGTERM', abandon)
  const system = await startSystem(loaded, placesOf(loaded), createLogLines(terminal), abandoned.signal)
  process.off('SIGINT', abandon).off('SIGTERM', abandon)
  announce(loaded, system, performance.now() - startedAt, terminal)
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

/** Where a system's services and its Redis live: one folder for each gRPC address, so that two systems share nothing. */
export function placesOf({ config, places }: LoadedConfig): { redisFolder: string; servicesFolder: string } {
  return {
    redisFolder: join(places.state, config.listen.grpc.replaceAll(/[^a-zA-Z0-9.]/gu, '-'), 'redis'),
    servicesFolder: join(places.root, 'dist', 'services'),
  }
}

function announce(loaded: LoadedConfig, { redis }: System, tookMs: number, terminal: Terminal): void {
  const { grpc, ops } = loaded.config.listen
  if (terminal.json) {
    terminal.value({ ready: true, grpc, ops, redis: redis?.kind ?? 'configured' })
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
  terminal.line(`${terminal.paint('green', 'ready')} after ${(tookMs / 1000).toFixed(1)} s`)
  terminal.line(`  gRPC   ${at(grpc)}`)
  terminal.line(`  ops    ${at(`http://${ops}/metrics`)}`)
  terminal.line(`  redis  ${redis === undefined ? 'as configured' : `${redis.program} (private, ${redis.kind})`}`)
  terminal.line(
    `  try    ${terminal.paint('bold', `npx sluice infer --label-set academic-subject --text "Which part of a plant cell holds the chlorophyll?"`)}`,
  )
}

function untilAsked(): Promise<void> {
  return new Promise(resolve => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve())
  })
}
