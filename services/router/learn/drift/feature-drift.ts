import { binOf, type PolicyReference } from '#services/decision/policy/reference'

/** How far one feature of a ladder's inputs has moved. */
export interface FeatureMove {
  readonly ladder: string
  readonly feature: string
  /** Population stability index: under 0.1 nothing, over 0.25 another population. */
  readonly psi: number
}

/** What a policy's inputs look like now against what they looked like when it was fitted. */
export interface FeatureDrift {
  observe(ladder: string, version: string, reference: PolicyReference, features: Readonly<Record<string, number>>): void
  /** Every feature of every ladder whose window has enough in it. */
  moves(): readonly FeatureMove[]
  /** Requests in each ladder's window. */
  filled(): ReadonlyMap<string, number>
}

/** How much is read. */
export interface FeatureDriftOptions {
  /** Latest requests of a ladder that are compared. */
  readonly window: number
  /** Fewer than this prove nothing: ten bins of so few vary by chance. */
  readonly least: number
}

interface Window {
  readonly version: string
  readonly reference: PolicyReference
  readonly features: readonly FeatureWindow[]
  seen: number
}

interface FeatureWindow {
  readonly name: string
  /** The bin of each of the latest requests, a ring. */
  readonly ring: Uint8Array
  readonly counts: Uint32Array
}

/** Makes the windows; each holds one byte a feature and request. A new policy starts a new one. */
export function createFeatureDrift({ window: size, least }: FeatureDriftOptions): FeatureDrift {
  const windows = new Map<string, Window>()
  return {
    observe(ladder, version, reference, features) {
      const before = windows.get(ladder)
      const current = before?.version === version ? before : emptyWindow(version, reference, size)
      if (current !== before) windows.set(ladder, current)
      const at = current.seen % size
      for (const { name, ring, counts } of current.features) {
        if (current.seen >= size) counts[ring[at]!]! -= 1
        const bin = binOf(features[name], reference.features[name]?.borders ?? [])
        ring[at] = bin
        counts[bin]! += 1
      }
      current.seen += 1
    },
    moves() {
      return [...windows].flatMap(([ladder, { reference, features, seen }]) => {
        const count = Math.min(seen, size)
        if (count < least) return []
        return features.map(({ name, counts }) => ({
          ladder,
          feature: name,
          psi: stabilityIndex(counts, count, reference.features[name]?.shares ?? [], reference.rows),
        }))
      })
    },
    filled: () => new Map([...windows].map(([ladder, { seen }]) => [ladder, Math.min(seen, size)])),
  }
}

function emptyWindow(version: string, reference: PolicyReference, size: number): Window {
  const features = Object.entries(reference.features).map(([name, { shares }]) => {
    return { name, ring: new Uint8Array(size), counts: new Uint32Array(shares.length) }
  })
  return { version, reference, features, seen: 0 }
}

/**
 * Half a request is added to every bin on both sides, so that an empty one does not make the index infinite.
 * @source Siddiqi, Credit Risk Scorecards (2006), ch. 10
 */
function stabilityIndex(counts: Uint32Array, count: number, shares: readonly number[], rows: number): number {
  let index = 0
  for (const [bin, share] of shares.entries()) {
    const now = ((counts[bin] ?? 0) + 0.5) / (count + 0.5 * shares.length)
    const then = (share * rows + 0.5) / (rows + 0.5 * shares.length)
    index += (now - then) * Math.log(now / then)
  }
  return index
}
