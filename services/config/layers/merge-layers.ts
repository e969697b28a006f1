import type { Located, LocatedMap } from './located.ts'

/**
 * Puts one configuration over another: maps merge key by key, everything else replaces, and `null` takes a key
 * away. A list replaces the whole list below it, and inside it nothing is merged or taken away. A map whose `kind`
 * is another one replaces the whole map, since the rest of its keys mean something else. Pure.
 */
export function mergeLayers(below: Located | undefined, above: Located): Located | undefined {
  if (above.kind === 'scalar' && above.value === null) return undefined
  if (above.kind !== 'map') return above
  const base = mergesWith(below, above) ? below.entries : undefined
  const entries = new Map(base)
  for (const [key, entry] of above.entries) {
    const value = mergeLayers(base?.get(key)?.value, entry.value)
    if (value === undefined) entries.delete(key)
    else entries.set(key, { place: entry.place, value })
  }
  return { ...above, entries }
}

function mergesWith(below: Located | undefined, above: LocatedMap): below is LocatedMap {
  if (below?.kind !== 'map') return false
  const [before, after] = [below, above].map(map => map.entries.get('kind')?.value)
  return before?.kind !== 'scalar' || after?.kind !== 'scalar' || before.value === after.value
}
