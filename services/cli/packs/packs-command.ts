import { loadConfig, type LoadedConfig } from '#services/config/load-config'
import { encoderPackOf } from '#services/decision/policy/load-policy'
import { choosePacks, readPackLock, type Pack } from '#services/packs/pack-lock'
import { packNamesOf } from '#services/packs/pack-names'
import { packPath } from '#services/packs/pack-path'
import { pullPacks, type PullProgress } from './pull-packs.ts'
import { verifyPack } from '#services/packs/verify-packs'
import type { CommonOptions } from '#services/cli/client/common-options'
import { tableOf, type Terminal } from '#services/cli/output/terminal'

/** `sluice models list` */
export async function runListPacks(options: CommonOptions, terminal: Terminal): Promise<void> {
  const { places } = loadConfig(options.config)
  const rows = await Promise.all(
    [...readPackLock(places.root)].map(async ([name, pack]) => ({
      name,
      title: pack.title,
      licence: pack.licence,
      bytes: bytesOf(pack),
      default: pack.default,
      here: (await verifyPack(places.packs, name, pack, 'size')).length === 0,
    })),
  )
  if (terminal.json) {
    terminal.value(rows)
    return
  }
  const table = tableOf<(typeof rows)[number]>(
    [
      { title: 'pack', cell: row => row.name },
      { title: 'here', cell: row => (row.here ? 'yes' : 'no'), style: row => (row.here ? 'green' : 'dim') },
      { title: 'size', align: 'right', cell: row => megabytes(row.bytes) },
      { title: 'default', cell: row => (row.default ? 'yes' : 'on demand') },
      { title: 'licence', cell: row => row.licence },
      { title: 'what it is', cell: row => row.title, shrinks: true },
    ],
    rows,
    terminal,
  )
  terminal.line(table)
  terminal.line(terminal.paint('dim', `in ${places.packs}`))
}

/** `sluice models pull [pack...]` */
export async function runPullPacks(options: CommonOptions, terminal: Terminal, ...names: string[]): Promise<void> {
  const loaded = loadConfig(options.config)
  const wanted = names.length === 0 ? packsOf(loaded) : names
  await pullNamedPacks(loaded, wanted, terminal)
  if (terminal.json) terminal.value(wanted.map(name => ({ name, folder: packPath(loaded.places.packs, name) })))
}

/** `sluice models verify [pack...]` */
export async function runVerifyPacks(options: CommonOptions, terminal: Terminal, ...names: string[]): Promise<void> {
  const loaded = loadConfig(options.config)
  const { places } = loaded
  const rows: { name: string; faults: Awaited<ReturnType<typeof verifyPack>> }[] = []
  for (const [name, pack] of choosePacks(readPackLock(places.root), names.length === 0 ? packsOf(loaded) : names)) {
    const faults = await verifyPack(places.packs, name, pack, 'content-again')
    rows.push({ name, faults })
    if (terminal.json) continue
    const word = faults.length === 0 ? terminal.paint('green', 'whole') : terminal.paint('red', 'faulty')
    terminal.line([`${word}  ${name}`, ...faults.map(({ path, fault }) => `        ${path}: ${fault}`)].join('\n'))
  }
  if (terminal.json) terminal.value(rows)
  if (rows.some(({ faults }) => faults.length > 0)) process.exitCode = 1
}

/**
 * Makes the packs that the configuration's models use be there, telling of those that have to come from afar.
 * @throws GatewayError Config
 */
export async function preparePacks(loaded: LoadedConfig, terminal: Terminal): Promise<void> {
  await pullNamedPacks(loaded, packsOf(loaded), terminal)
}

/** Makes some packs be there. @throws GatewayError Config when one is unknown or cannot be had */
export async function pullNamedPacks(
  loaded: LoadedConfig,
  names: readonly string[],
  terminal: Terminal,
): Promise<void> {
  if (names.length === 0) return
  const { config, places } = loaded
  const { mirror, offline } = config.packs
  await pullPacks(
    choosePacks(readPackLock(places.root), names),
    { cacheFolder: places.packs, offline, ...(mirror === undefined ? {} : { mirror }) },
    createProgress(terminal),
  )
}

/** The packs that the configured models name, and those that the ladders' policies were fitted with. */
function packsOf({ config }: LoadedConfig): readonly string[] {
  const ofModels = Object.values(config.models).flatMap(({ backend }) => packNamesOf(backend))
  const ofPolicies = Object.values(config.ladders).flatMap(({ policy }) =>
    policy === undefined ? [] : (encoderPackOf(policy) ?? []),
  )
  return [...new Set([...ofModels, ...ofPolicies])]
}

const barWidth = 30

/** A bar that fills on a screen; elsewhere one line when a pack begins to come and one when it is there. */
function createProgress(terminal: Terminal): (progress: PullProgress) => void {
  let last = ''
  return ({ pack, source, bytes, totalBytes }) => {
    if (source === 'here' || terminal.json) return
    const whole = bytes >= totalBytes
    if (!process.stderr.isTTY) {
      const line = whole ? `${pack}: fetched (${megabytes(totalBytes)})` : `${pack}: fetching from ${source}`
      if (line !== last) terminal.note(line)
      last = line
      return
    }
    const filled = Math.round((bytes / totalBytes) * barWidth)
    const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`
    process.stderr.write(`\r${pack.padEnd(16)} ${bar} ${megabytes(bytes)} of ${megabytes(totalBytes)} `)
    if (whole && last !== pack) {
      process.stderr.write('\n')
      last = pack
    }
  }
}

function bytesOf(pack: Pack): number {
  return pack.files.reduce((sum, file) => sum + file.bytes, 0)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
}
