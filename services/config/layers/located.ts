/** Where a value is said: a file and its line, or something else by name, such as an environment variable. */
export interface Place {
  readonly source: string
  readonly line?: number
}

/** A path of keys and indexes into a configuration. */
export type Path = readonly (string | number)[]

/** A value of a configuration with the source of each of its parts. */
export type Located = LocatedMap | LocatedList | LocatedScalar

/** A map; each entry has the place of its key. */
export interface LocatedMap {
  readonly kind: 'map'
  readonly place: Place
  readonly entries: ReadonlyMap<string, { readonly place: Place; readonly value: Located }>
}

interface LocatedList {
  readonly kind: 'list'
  readonly place: Place
  readonly items: readonly Located[]
}

interface LocatedScalar {
  readonly kind: 'scalar'
  readonly place: Place
  readonly value: unknown
}

/** The value without its places. */
export function toPlain(located: Located): unknown {
  if (located.kind === 'scalar') return located.value
  if (located.kind === 'list') return located.items.map(toPlain)
  return Object.fromEntries([...located.entries].map(([key, { value }]) => [key, toPlain(value)]))
}

/** The position of the value at a path, or of the nearest thing above it that is there. */
export function placeOf(root: Located, path: Path): Place {
  let { place } = root
  let node: Located | undefined = root
  for (const part of path) {
    const next: { place: Place; value: Located } | undefined = entryOf(node, part)
    if (next === undefined) break
    ;({ place, value: node } = next)
  }
  return place
}

/** What stands at a path, if anything does. */
export function valueAt(root: Located, path: Path): Located | undefined {
  let node: Located | undefined = root
  for (const part of path) node = entryOf(node, part)?.value
  return node
}

function entryOf(node: Located | undefined, part: string | number): { place: Place; value: Located } | undefined {
  if (node?.kind === 'map') return node.entries.get(String(part))
  const item = node?.kind === 'list' && typeof part === 'number' ? node.items[part] : undefined
  return item === undefined ? undefined : { place: item.place, value: item }
}

/**
 * Sets the value at a path, with maps where there are none; `undefined` takes it away. Whatever stands beside it
 * stays.
 */
export function withValue(root: Located | undefined, path: Path, value: Located | undefined, place: Place): Located {
  const [part, ...rest] = path
  if (part === undefined) return value ?? emptyMap(place)
  if (root?.kind === 'list') {
    const items = [...root.items]
    items[Number(part)] = withValue(items[Number(part)], rest, value, place)
    return { ...root, items }
  }
  const map = root?.kind === 'map' ? root : emptyMap(place)
  const before = map.entries.get(String(part)) ?? { place, value: undefined }
  const left = rest.length === 0 ? value : withValue(before.value, rest, value, place)
  return withEntry(map, String(part), left, before.place)
}

function withEntry(map: LocatedMap, key: string, value: Located | undefined, place: Place): LocatedMap {
  const entries = new Map(map.entries)
  if (value === undefined) entries.delete(key)
  else entries.set(key, { place, value })
  return { ...map, entries }
}

/** A map of nothing. */
export function emptyMap(place: Place): LocatedMap {
  return { kind: 'map', place, entries: new Map() }
}

/** Gives a key another name, in its place. */
export function withKeyRenamed(root: Located, path: Path, name: string): Located {
  const above = path.slice(0, -1)
  const map = valueAt(root, above)
  if (map?.kind !== 'map') return root
  const entries = new Map([...map.entries].map(([key, entry]) => [key === path.at(-1) ? name : key, entry] as const))
  return withValue(root, above, { ...map, entries }, map.place)
}
