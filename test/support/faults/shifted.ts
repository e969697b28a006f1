import { fileURLToPath } from 'node:url'
import type { Environment } from './deployment.ts'

/** The environment of a process whose machine's clock is so far ahead. */
export function shifted(aheadMs: number): Environment {
  const preload = fileURLToPath(new URL('shifted-clock.mjs', import.meta.url))
  return { NODE_OPTIONS: `--import=${preload}`, SHIFT_MS: String(aheadMs) }
}
