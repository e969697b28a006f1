import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'

const relative = z.string().regex(/^(?!\/)(?!.*\.\.)[\w./@-]+$/u, 'a path inside the pack')
const mirror = z.strictObject({ package: z.string(), version: z.string() })
const file = z.strictObject({
  path: relative,
  /** Path inside the mirror's package; of a file that is too large for one package, its pieces in order. */
  from: z.union([z.string().min(1), z.array(mirror.extend({ from: z.string().min(1) })).min(2)]),
  bytes: z.int().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/u),
})
const pack = z.strictObject({
  title: z.string(),
  default: z.boolean(),
  licence: z.string(),
  upstream: z.url(),
  sources: z
    .strictObject({
      /** Folder on the publisher's hub that has the files by their `path`; null where it has them in another form. */
      hub: z.url().nullable(),
      /** The package that mirrors it, or the first of several. */
      npm: mirror.optional(),
      pypi: mirror.optional(),
    })
    .refine(({ npm, pypi }) => (npm === undefined) !== (pypi === undefined), 'one mirror: npm or pypi'),
  files: z.array(file).min(1),
})
const lock = z.strictObject({ version: z.literal(1), note: z.string(), packs: z.record(z.string(), pack) })

/** One file of a pack, pinned. */
export type PackFile = Readonly<z.output<typeof file>>
/** One pack: where it comes from and every file of it. */
export type Pack = Readonly<z.output<typeof pack>>
/** Packs by name. */
export type PackLock = ReadonlyMap<string, Pack>

/** Reads `deploy/models/models.lock.json`. @throws GatewayError Config when it is not what it should be */
export function readPackLock(root: string): PackLock {
  const path = join(root, 'deploy', 'models', 'models.lock.json')
  const read = lock.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (read.success) return new Map(Object.entries(read.data.packs))
  const [first] = read.error.issues
  throw new GatewayError('Config', `${path}: ${first?.path.join('.') ?? ''}: ${first?.message ?? 'it cannot be read'}`)
}

/**
 * The named packs, or those that are pulled by default.
 * @throws GatewayError Config for a name that the lock has not
 */
export function choosePacks(packs: PackLock, names: readonly string[]): ReadonlyMap<string, Pack> {
  const unknown = names.filter(name => !packs.has(name))
  if (unknown.length > 0) {
    throw new GatewayError(
      'Config',
      `there is no pack ${unknown.join(', ')}; there are ${[...packs.keys()].join(', ')}`,
    )
  }
  return new Map([...packs].filter(([name, one]) => (names.length === 0 ? one.default : names.includes(name))))
}
