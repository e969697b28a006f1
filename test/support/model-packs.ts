import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const cache = process.env['SLUICE_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice')

/** The folder of a pulled model pack. */
export function packPath(name: string): string {
  return join(cache, 'packs', name)
}

/** Why a test on real weights cannot run: the packs that were not pulled; `undefined` when all are there. */
export function missingPacks(names: readonly string[]): string | undefined {
  const missing = names.filter(name => !existsSync(packPath(name)))
  return missing.length === 0
    ? undefined
    : `model packs not pulled: ${missing.join(', ')} (node bin/sluice.js models pull)`
}
