import type { Clock } from '#services/contract/clock'
import type { Proof } from './proof.ts'

/** Credentials found good a moment ago, by their hashes. */
export interface Proven {
  find(hash: string): Proof | undefined
  /** Whether it was good once; it may have been revoked since. */
  wasGood(hash: string): boolean
  /** Proves once for all who ask at once, and remembers what was good. */
  once(hash: string, prove: () => Promise<Proof | undefined>): Promise<Proof | undefined>
  /** Forgets all, and what is being proven now is not remembered. */
  clear(): void
}

/** How long and how much is remembered. */
export interface ProvenOptions {
  /** A key that was revoked through another router is taken for this long at most. */
  readonly rememberMs: number
  readonly most: number
}

/** Makes the memory. */
export function createProven({ rememberMs, most }: ProvenOptions, clock: Clock): Proven {
  let good = new Map<string, Proof>()
  let asked = new Map<string, Promise<Proof | undefined>>()
  const everGood = new Set<string>()
  return {
    find(hash) {
      const proof = good.get(hash)
      if (proof === undefined || proof.until > clock.now()) return proof
      good.delete(hash)
      return undefined
    },
    wasGood: hash => everGood.has(hash),
    once(hash, prove) {
      const under = asked.get(hash)
      if (under !== undefined) return under
      const [goodThen, askedThen] = [good, asked]
      const proving = prove()
        .then(proof => {
          if (proof === undefined) return undefined
          const kept = { ...proof, until: Math.min(proof.until, clock.now() + rememberMs) }
          goodThen.set(hash, kept)
          if (goodThen.size > most) goodThen.delete(goodThen.keys().next().value ?? '')
          everGood.add(hash)
          if (everGood.size > most) everGood.delete(everGood.keys().next().value ?? '')
          return kept
        })
        .finally(() => askedThen.delete(hash))
      asked.set(hash, proving)
      return proving
    },
    clear() {
      good = new Map()
      asked = new Map()
    },
  }
}
