import { completeConfig } from '../complete-config.ts'
import type { ConfigFault } from './config-fault.ts'
import { crossCheck, type Surroundings } from './cross-checks.ts'
import {
  placeOf,
  toPlain,
  valueAt,
  withKeyRenamed,
  withValue,
  type Located,
  type Path,
  type Place,
} from '../layers/located.ts'
import { schemaFaults, type SchemaFault } from './schema-faults.ts'
import { expectedWords } from '#services/platform/process/expected-words'
import { configSchema, type Config, type ParsedConfig } from '../schema.ts'

/** A fault with its file and line. */
export interface PlacedFault extends ConfigFault {
  readonly place: Place
}

/** What a configuration came to. */
export interface CheckedConfig {
  /** Absent where the schema was not kept. */
  readonly config?: Config
  /** In the order of files and lines. */
  readonly faults: readonly PlacedFault[]
}

/** Result of reading the files of a configuration, before its values are checked. */
export interface ReadLayersResult {
  readonly faults: readonly PlacedFault[]
  /** An extended file could not be read: its values are unknown. */
  readonly lacksBase: boolean
}

/** Each round repairs at least one fault. */
const mostRounds = 100

/**
 * Checks a configuration by its schema and its cross-checks. One run finds all faults: it repairs a faulty value as it
 * was most likely meant, else removes it, and checks the rest. Faults that follow from a reported one are left out.
 */
export function checkConfig(
  original: Located,
  surroundings: Surroundings,
  { faults: known, lacksBase }: ReadLayersResult,
): CheckedConfig {
  const faults = [...known]
  const lost: Path[] = known.map(({ path }) => path).filter(path => path.length > 0)
  let root = original
  for (let round = 0; round < mostRounds; round += 1) {
    const plain = toPlain(root)
    const parsed = configSchema.safeParse(plain, { error: expectedWords })
    if (parsed.success) {
      const config = completeConfig(parsed.data)
      const crossed = lacksBase ? [] : crossCheck(config, surroundings)
      const further = crossed.filter(fault => !follows(fault, lost, original, parsed.data))
      faults.push(...placed(further, root))
      const whole = round === 0 ? { config } : {}
      return { ...whole, faults: inOrder(faults) }
    }
    const found = parsed.error.issues.flatMap(issue => schemaFaults(issue, plain))
    const renamed = found
      .filter(({ repair }) => repair === 'rename')
      .map(({ path, meant }) => [...path.slice(0, -1), meant ?? ''])
    const fresh = found.filter(({ path }) => !isUnder(path, lost) && !renamed.some(one => isSame(one, path)))
    // What is not here may be in the file that could not be read.
    const reported = lacksBase ? fresh.filter(({ path }) => valueAt(root, path) !== undefined) : fresh
    faults.push(...placed(reported, root))
    const others = found.filter(({ path, repair }) => repair === 'rename' || !renamed.some(one => isSame(one, path)))
    const before = lost.length
    for (const fault of others) {
      // What stood inside of something that is out by now is out with it.
      if (!isUnder(fault.path, lost.slice(before))) root = repaired(root, fault, lost)
    }
  }
  return { faults: inOrder(faults) }
}

function repaired(root: Located, { path, meant, repair }: SchemaFault, lost: Path[]): Located {
  if (repair === 'rename' && meant !== undefined) return withKeyRenamed(root, path, meant)
  const { place } = root
  if (repair === 'replace' && meant !== undefined) {
    return withValue(root, path, { kind: 'scalar', place: placeOf(root, path), value: meant }, place)
  }
  // Of a list the whole is taken out, since places in it would not fit any more; of what is missing, that which
  // lacks it.
  let gone = path
  while (gone.length > 0 && (valueAt(root, gone) === undefined || typeof gone.at(-1) === 'number'))
    gone = gone.slice(0, -1)
  lost.push(gone)
  return withValue(root, gone, undefined, place)
}

/** Whether a fault only says that something is not there which was taken out for a fault of its own. */
function follows(
  { path, refersTo, explainedBy = [] }: ConfigFault,
  lost: readonly Path[],
  original: Located,
  left: ParsedConfig,
): boolean {
  if ([path, ...explainedBy].some(at => isUnder(at, lost) || lost.some(gone => isUnder(gone, [at])))) return true
  if (refersTo !== undefined) {
    const [what, name] = refersTo
    return valueAt(original, [what, name]) !== undefined && !(name in left[what])
  }
  const [section, ...inside] = path
  return inside.length > 0 && !byName.has(String(section)) && lost.some(gone => gone[0] === section)
}

/** Sections whose entries are independent; in the others, limits are compared with each other. */
const byName: ReadonlySet<string> = new Set(['pools', 'models', 'ladders', 'prices'])

function isUnder(path: Path, above: readonly Path[]): boolean {
  return above.some(
    one => one.length <= path.length && one.every((part, index) => String(part) === String(path[index])),
  )
}

function isSame(one: Path, other: Path): boolean {
  return one.length === other.length && isUnder(one, [other])
}

function placed(faults: readonly ConfigFault[], root: Located): readonly PlacedFault[] {
  return faults.map(({ path, expected, meant }) => ({
    path,
    expected,
    ...(meant === undefined ? {} : { meant }),
    place: placeOf(root, path),
  }))
}

function inOrder(faults: readonly PlacedFault[]): readonly PlacedFault[] {
  // Files first: what has no line comes from outside of them.
  const files = faults.filter(({ place }) => place.line !== undefined)
  const sources = [...new Set([...files, ...faults].map(({ place }) => place.source))]
  return faults.toSorted(
    (one, other) =>
      sources.indexOf(one.place.source) - sources.indexOf(other.place.source) ||
      (one.place.line ?? 0) - (other.place.line ?? 0),
  )
}
