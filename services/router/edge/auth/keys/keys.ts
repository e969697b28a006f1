import type { Clock } from '#services/contract/clock'
import { GatewayError, invalidField } from '#services/contract/errors'
import { createApiKey, createKeyId } from '#services/state/api-keys/api-key'
import type { Scope } from '#services/router/request/states'
import type { KeyStore, StoredKey } from './key-store.ts'

/** What an operator says of a key to be made. */
export interface WantedKey {
  /** Empty means that one is made up. */
  readonly id: string
  readonly tenant: string
  readonly scopes: readonly string[]
  readonly note: string
  readonly expiresAt?: number
}

/** A key with its text, which is known at this moment only. */
export interface IssuedKey {
  readonly key: StoredKey
  readonly text: string
}

/** The life of API keys. */
export interface Keys {
  /** @throws GatewayError InvalidRequest, AlreadyExists when the id is taken */
  create(wanted: WantedKey): Promise<IssuedKey>
  list(): Promise<readonly StoredKey[]>
  /** Gives a new secret; the one before is taken for `overlapMs` more. @throws GatewayError NotFound, InvalidRequest */
  rotate(id: string, overlapMs: number): Promise<IssuedKey>
  /** @throws GatewayError NotFound */
  revoke(id: string): Promise<StoredKey>
}

/** What keeping keys needs. */
export interface KeysDependencies {
  readonly store: KeyStore
  readonly clock: Clock
  /** Ids of the configuration's own keys, which no other key may bear. */
  readonly configured: ReadonlySet<string>
  /** Told at every change, so that this process forgets at once its cached credentials. */
  readonly changed: () => void
}

const nameShape = /^[a-z0-9][a-z0-9._-]{0,63}$/u
const nameExpected = 'expected lower-case letters, digits, dots, underscores and dashes; at most 64'
const scopes: readonly string[] = ['infer', 'admin', 'console'] satisfies Scope[]
const longestNote = 256
/** A leaked key must not live on for ever beside its successor. */
const longestOverlapMs = 30 * 86_400_000

/** Makes the keeper of keys. */
export function createKeys({ store, clock, configured, changed }: KeysDependencies): Keys {
  return {
    async create(wanted) {
      checkWanted(wanted, clock.now())
      const id = wanted.id === '' ? createKeyId() : wanted.id
      const { text, sha256 } = createApiKey(id)
      const { tenant, note, expiresAt } = wanted
      const key: StoredKey = {
        id,
        tenant,
        note,
        scopes: [...new Set(wanted.scopes)] as Scope[],
        createdAt: clock.now(),
        secrets: [{ sha256 }],
        ...(expiresAt === undefined ? {} : { expiresAt }),
      }
      if (configured.has(id) || !(await store.create(key))) throw taken()
      return { key, text }
    },
    list: store.list,
    async rotate(id, overlapMs) {
      if (!(overlapMs >= 0 && overlapMs <= longestOverlapMs)) throw invalidField('overlap', 'expected 0 to 30 days')
      const { text, sha256 } = createApiKey(id)
      const nowMs = clock.now()
      const key = await store.change(id, before => {
        if (before.revokedAt !== undefined) throw gone()
        return { ...before, secrets: [{ sha256 }, ...outgoing(before, nowMs, nowMs + overlapMs)] }
      })
      if (key === undefined) throw gone()
      changed()
      return { key, text }
    },
    async revoke(id) {
      const nowMs = clock.now()
      const key = await store.change(id, before => ({ ...before, secrets: [], revokedAt: before.revokedAt ?? nowMs }))
      if (key === undefined) throw gone()
      changed()
      return key
    },
  }
}

/** Secrets that still live for a while: all that did, each no longer than the overlap allows. */
function outgoing({ secrets }: StoredKey, nowMs: number, endsAt: number): StoredKey['secrets'] {
  return secrets
    .map(secret => ({ ...secret, endsAt: Math.min(secret.endsAt ?? Number.POSITIVE_INFINITY, endsAt) }))
    .filter(secret => secret.endsAt > nowMs)
}

function checkWanted({ id, tenant, scopes: wanted, note, expiresAt }: WantedKey, nowMs: number): void {
  if (id !== '' && !nameShape.test(id)) throw invalidField('id', nameExpected)
  if (!nameShape.test(tenant)) throw invalidField('tenant', nameExpected)
  if (wanted.length === 0 || !wanted.every(scope => scopes.includes(scope))) {
    throw invalidField('scopes', `expected some of: ${scopes.join(', ')}`)
  }
  if (note.length > longestNote) throw invalidField('note', `expected at most ${longestNote} characters`)
  if (expiresAt !== undefined && expiresAt <= nowMs) throw invalidField('expires_at', 'expected a time to come')
}

function taken(): GatewayError {
  const description = 'a key of this id is there, or was'
  return new GatewayError('AlreadyExists', `id: ${description}`, { violations: [{ field: 'id', description }] })
}

function gone(): GatewayError {
  return new GatewayError('NotFound', 'the store has no such key, or it is revoked')
}
