import { dirname, isAbsolute, join } from 'node:path'
import { GatewayError } from '#services/contract/errors'
import { checkConfig, type PlacedFault, type ReadLayersResult } from './checks/check-config.ts'
import type { Surroundings } from './checks/cross-checks.ts'
import { emptyMap, valueAt, withValue, type Located, type Path, type Place } from './layers/located.ts'
import { mergeLayers } from './layers/merge-layers.ts'
import { readLayer, type Environment } from './layers/read-layer.ts'
import type { Config } from './schema.ts'
import { fileFaultText } from '#services/platform/process/file-fault'

/** What a configuration is read against. */
export interface ReadOptions {
  /** Name of the file in the report; paths in it stand relative to its folder. */
  readonly file: string
  readonly environment: Environment
  /** Values put over those of the text, by dotted path, such as `listen.grpc`. */
  readonly overrides: Readonly<Record<string, string>>
  readonly surroundings: Surroundings
  /** Files that may be extended. */
  readonly library?: ConfigLibrary
}

/** Where the files are that others extend. */
export interface ConfigLibrary {
  /** What `extends: default` means. */
  readonly defaultFile: string
  /** Text of a file. @throws the error of the system where it cannot be read */
  readonly read: (file: string) => string
}

/**
 * Reads a configuration from its text: YAML, references, the files that it extends, schema, cross-checks; deep-frozen.
 * @throws GatewayError Config whose message has one line a fault: `file:line: path: what was expected`
 */
export function readConfig(text: string, options: ReadOptions): Config {
  const { layers, ...read } = readLayers(text, options)
  const merged = layers.reduce<Located | undefined>((below, layer) => mergeLayers(below, layer), undefined)
  const overridden = withOverrides(merged ?? emptyMap({ source: options.file }), options.overrides)
  const root = withRedis(overridden, options.environment)
  const { config, faults: found } = checkConfig(root, options.surroundings, read)
  if (config !== undefined && found.length === 0) return deepFreeze(config)
  throw reportOf(options.file, found)
}

interface Layers extends ReadLayersResult {
  /** From the file that is extended to the one that extends it. */
  readonly layers: readonly Located[]
}

/** @throws GatewayError Config when one of the files is no YAML */
function readLayers(text: string, options: ReadOptions): Layers {
  const layers: Located[] = []
  const faults: PlacedFault[] = []
  const seen: string[] = []
  let lacksBase = false
  let next: { readonly file: string; readonly text: string } | undefined = { file: options.file, text }
  while (next !== undefined) {
    const { file } = next
    seen.push(file)
    const layer = readLayer(next.text, file, dirname(file), options.environment)
    if (layer.unreadable) throw reportOf(options.file, [...faults, ...layer.faults])
    faults.push(...layer.faults)
    layers.unshift(withValue(layer.root, ['extends'], undefined, layer.root.place))
    const extended = extendedBy(layer.root, file, seen, options.library)
    if (extended !== undefined && 'expected' in extended) {
      faults.push(extended)
      lacksBase = true
    }
    next = extended !== undefined && 'text' in extended ? extended : undefined
  }
  return { layers, faults, lacksBase }
}

/** The file that a file extends, or the fault of its `extends`; `undefined` where it extends none. */
function extendedBy(
  root: Located,
  file: string,
  seen: readonly string[],
  library: ConfigLibrary | undefined,
): { readonly file: string; readonly text: string } | PlacedFault | undefined {
  const named = valueAt(root, ['extends'])
  if (named === undefined || (named.kind === 'scalar' && named.value === null)) return undefined
  const fault = (expected: string): PlacedFault => ({ place: named.place, path: ['extends'], expected })
  const name = named.kind === 'scalar' ? named.value : undefined
  if (typeof name !== 'string' || name === '') return fault('`default`, or the path of a file')
  const other = fileNamed(name, file, library)
  if (seen.includes(other)) return fault(`a file that does not extend this one again; ${seen.join(' extends ')} does`)
  if (library === undefined) return fault('no other file here')
  try {
    return { file: other, text: library.read(other) }
  } catch (error) {
    return fault(`\`default\`, or the path of a file; ${other} cannot be read: ${fileFaultText(error)}`)
  }
}

function fileNamed(name: string, by: string, library: ConfigLibrary | undefined): string {
  if (name === 'default' && library !== undefined) return library.defaultFile
  return isAbsolute(name) ? name : join(dirname(by), name)
}

/** Overrides single values of the files; a number in a path is an index into a list. */
function withOverrides(root: Located, overrides: ReadOptions['overrides']): Located {
  const place: Place = { source: 'SLUICE_SET' }
  return Object.entries(overrides).reduce((below, [dotted, text]) => {
    const path = dotted.split('.').reduce<Path>((above, part) => {
      const isIndex = /^\d+$/u.test(part) && valueAt(below, above)?.kind === 'list'
      return [...above, isIndex ? Number(part) : part]
    }, [])
    return withValue(below, path, { kind: 'scalar', place, value: scalarOf(text) }, place)
  }, root)
}

/** Numbers and booleans of an override are meant as such. */
function scalarOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(?:\.\d+)?$/u.test(text) ? Number(text) : text
}

/** REDIS_URL applies where the files do not set another address. */
function withRedis(root: Located, environment: Environment): Located {
  const url = environment['REDIS_URL'] ?? ''
  const section = valueAt(root, ['redis'])
  if (url === '' || valueAt(root, ['redis', 'url']) !== undefined) return root
  if (section !== undefined && section.kind !== 'map') return root
  const place: Place = { source: 'REDIS_URL' }
  return withValue(root, ['redis', 'url'], { kind: 'scalar', place, value: url }, place)
}

function reportOf(file: string, faults: readonly PlacedFault[]): GatewayError {
  const lines = faults.map(({ place, path, expected, meant }) => {
    const where = place.line === undefined ? place.source : `${place.source}:${place.line}`
    const what = path.length === 0 ? '' : `${path.join('.')}: `
    return `${where}: ${what}expected ${expected}${meant === undefined ? '' : `; did you mean ${meant}?`}`
  })
  return new GatewayError(
    'Config',
    `${lines.length} fault${lines.length === 1 ? '' : 's'} in ${file}\n${lines.join('\n')}`,
  )
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
