import { closestMatch } from 'leven'
import type { Path } from '../layers/located.ts'

/** A fault in the configuration at a path. */
export interface ConfigFault {
  readonly path: Path
  readonly expected: string
  /** What was most likely meant. */
  readonly meant?: string
  /** A pool or model that is named here; where its own definition is faulty, that is what is reported. */
  readonly refersTo?: readonly ['pools' | 'models', string]
  /** Places whose own fault would explain this one. */
  readonly explainedBy?: readonly Path[]
}

/**
 * The candidate that a word is most likely a slip of. Case, `-` and `_` count as nothing; a third of the word may
 * differ.
 */
export function meantBy(word: string, candidates: readonly string[]): string | undefined {
  const flattened = new Map(candidates.toReversed().map(candidate => [flat(candidate), candidate]))
  const maxDistance = Math.max(1, Math.ceil(word.length / 3))
  const closest = closestMatch(flat(word), [...flattened.keys()], { maxDistance })
  return closest === undefined ? undefined : flattened.get(closest)
}

function flat(text: string): string {
  return text.toLowerCase().replaceAll(/[-_]/gu, '')
}

/** The fault of a name that points nowhere. */
export function noSuchName(path: Path, what: 'pools' | 'models', given: string, known: object): ConfigFault {
  const names = Object.keys(known)
  const meant = meantBy(given, names)
  return {
    path,
    expected: `one of the ${what}: ${names.join(', ') || '(none)'}`,
    refersTo: [what, given],
    ...(meant === undefined ? {} : { meant }),
  }
}
