import { isAbsolute, join } from 'node:path'
import { isAlias, isCollection, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { emptyMap, type Located, type Path, type Place } from './located.ts'

/** What a reference `${NAME}` or `${NAME:-default}` stands for. */
export type Environment = Readonly<Record<string, string | undefined>>

/** One file of a configuration, before anything is put over it. */
export interface Layer {
  readonly root: Located
  /** Faults of the file by itself: YAML that cannot be read, references without a value. */
  readonly faults: readonly LayerFault[]
  /** The content cannot be checked, since the text is not YAML. */
  readonly unreadable: boolean
}

/** A fault of one file. */
export interface LayerFault {
  readonly place: Place
  readonly path: Path
  readonly expected: string
}

/** Fields that name a file or folder, relative to the file that contains them; `*` is any name. */
const pathFields = [
  'ladders.*.policy',
  'models.*.backend.heads',
  'packs.folder',
  'listen.tls.certificate',
  'listen.tls.key',
  'listen.tls.clientAuthorities',
].map(field => field.split('.'))

const reference = /\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}/gu

/** Aliases may repeat what they stand for; a file that grows beyond this by them is not meant well. */
const mostNodes = 20_000

/** Reads one file: YAML, references to the environment, paths relative to `folder`. */
export function readLayer(text: string, source: string, folder: string, environment: Environment): Layer {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const faults: LayerFault[] = document.errors.map(error => ({
    place: { source, line: error.linePos?.[0].line ?? 1 },
    path: [],
    expected: expectedOf(error.message),
  }))
  const unreadable = document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')
  const reader = createReader({ lines, source, folder, environment, faults })
  const place: Place = { source, line: 1 }
  const empty = emptyMap(place)
  if (unreadable) return { root: empty, faults, unreadable }
  const root = reader(document.contents, [], place)
  if (root.kind !== 'scalar') return { root, faults, unreadable }
  if (root.value === null) return { root: empty, faults, unreadable }
  faults.push({ place: root.place, path: [], expected: 'a map with the key version, got a single value' })
  return { root: empty, faults, unreadable: true }
}

interface Reading {
  readonly lines: LineCounter
  readonly source: string
  readonly folder: string
  readonly environment: Environment
  readonly faults: LayerFault[]
}

function createReader(reading: Reading): (node: unknown, path: Path, place: Place) => Located {
  const { lines, source, faults } = reading
  let count = 0
  const open = new Set<unknown>()
  const anchors = new Map<string, unknown>()

  const placeAt = (node: unknown, otherwise: Place): Place => {
    const offset = isNode(node) ? node.range?.[0] : undefined
    return offset === undefined ? otherwise : { source, line: lines.linePos(offset).line }
  }

  const read = (node: unknown, path: Path, above: Place): Located => {
    const place = placeAt(node, above)
    count += 1
    if (count > mostNodes || open.has(node)) {
      if (count <= mostNodes + 1) faults.push({ place, path, expected: 'fewer values, and no alias inside of itself' })
      return { kind: 'scalar', place, value: '' }
    }
    if (isAlias(node)) {
      if (!anchors.has(node.source)) faults.push({ place, path, expected: `an anchor &${node.source} above it` })
      return read(anchors.get(node.source), path, place)
    }
    if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) anchors.set(node.anchor, node)
    if (isScalar(node)) return { kind: 'scalar', place, value: valueOf(node.value, path, place, reading) }
    open.add(node)
    const located = readCollection(node, path, place)
    open.delete(node)
    return located
  }

  const readCollection = (node: unknown, path: Path, place: Place): Located => {
    if (isSeq(node)) {
      return { kind: 'list', place, items: node.items.map((item, index) => read(item, [...path, index], place)) }
    }
    if (!isMap(node)) return { kind: 'scalar', place, value: null }
    const entries = node.items.map(({ key, value }) => {
      const name = String(isScalar(key) ? key.value : key)
      const at = placeAt(key, place)
      return [name, { place: at, value: read(value, [...path, name], at) }] as const
    })
    return { kind: 'map', place, entries: new Map(entries) }
  }
  return read
}

/** Puts in what a scalar refers to: secrets and addresses of the environment, and paths beside the file. */
function valueOf(value: unknown, path: Path, place: Place, { environment, faults, folder }: Reading): unknown {
  if (typeof value !== 'string') return value
  const text = value.replaceAll(reference, (_whole, name: string, fallback: string | undefined) => {
    const found = environment[name] ?? fallback
    if (found !== undefined) return found
    faults.push({ place, path, expected: `the environment variable ${name} to be set` })
    return ''
  })
  return text !== '' && isPathField(path) && !isAbsolute(text) ? join(folder, text) : text
}

function isPathField(path: Path): boolean {
  return pathFields.some(
    field => field.length === path.length && field.every((part, index) => part === '*' || part === path[index]),
  )
}

/** The parser says `Map keys must be unique at line 18, column 1:` and shows the lines. */
function expectedOf(message: string): string {
  const [first = ''] = message.split('\n')
  const said = first.replace(/ at line .*$/u, '')
  return `valid YAML: ${said.slice(0, 1).toLowerCase()}${said.slice(1)}`
}
