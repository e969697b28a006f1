import type { Clock } from '#services/contract/clock'
import type { Authenticated } from './authenticator.ts'

/** Credentials found good a moment ago, by their hashes. */
export interface CredentialCache {
  find(hash: string): Authenticated | undefined
  /** Whether it was good once; it may have been revoked since. */
  wasGood(hash: string): boolean
  /** Authenticates once for all who ask at once, and remembers what was good. */
  once(hash: string, authenticate: () => Promise<Authenticated | undefined>): Promise<Authenticated | undefined>
  /** Forgets all, and what is being authenticated now is not remembered. */
  clear(): void
}

/** How long and how much is remembered. */
export interface CredentialCacheOptions {
  /** A key that was revoked through another router is taken for this long at most. */
  readonly rememberMs: number
  readonly most: number
}

/** Makes the memory. */
export function createCredentialCache({ rememberMs, most }: CredentialCacheOptions, clock: Clock): CredentialCache {
  let good = new Map<string, Authenticated>()
  let asked = new Map<string, Promise<Authenticated | undefined>>()
  const everGood = new Set<string>()
  return {
    find(hash) {
      const authenticated = good.get(hash)
      if (authenticated === undefined || authenticated.until > clock.now()) return authenticated
      good.delete(hash)
      return undefined
    },
    wasGood: hash => everGood.has(hash),
    once(hash, authenticate) {
      const under = asked.get(hash)
      if (under !== undefined) return under
      const [goodThen, askedThen] = [good, asked]
      const authenticating = authenticate()
        .then(authenticated => {
          if (authenticated === undefined) return undefined
          const kept = { ...authenticated, until: Math.min(authenticated.until, clock.now() + rememberMs) }
          goodThen.set(hash, kept)
          if (goodThen.size > most) goodThen.delete(goodThen.keys().next().value ?? '')
          everGood.add(hash)
          if (everGood.size > most) everGood.delete(everGood.keys().next().value ?? '')
          return kept
        })
        .finally(() => askedThen.delete(hash))
      asked.set(hash, authenticating)
      return authenticating
    },
    clear() {
      good = new Map()
      asked = new Map()
    },
  }
}
