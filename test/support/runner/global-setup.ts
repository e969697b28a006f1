import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findNativeRedis } from '../stores/native-redis.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * Builds once, finds a Redis and fetches the model packs, before any test runs. What cannot be had makes its tests
 * skip and say so.
 */
export function setup(): void {
  const built = spawnSync(process.execPath, ['scripts/build.mjs'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (!existsSync(fileURLToPath(new URL('../../../dist/services/router/main.js', import.meta.url)))) {
    throw new Error(`the build wrote nothing (exit code ${built.status})`)
  }
  const redis = findNativeRedis()
  if (redis === undefined)
    process.stderr.write('no redis-server or valkey-server: tests on a real one will be skipped\n')
  else process.env['SLUICE_REDIS_SERVER'] = redis
  if (process.env['SLUICE_TEST_PULL'] === 'no') return
  const pulled = spawnSync(process.execPath, ['bin/sluice.js', 'models', 'pull'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (pulled.status !== 0)
    process.stderr.write(
      `model packs could not be pulled: tests on real weights will be skipped\n${pulled.stderr.toString()}\n`,
    )
}
