import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import type { CreateKeyRequest__Output } from '#services/wire/generated/sluice/v1/CreateKeyRequest'
import type { Key } from '#services/wire/generated/sluice/v1/Key'
import type { RotateKeyRequest__Output } from '#services/wire/generated/sluice/v1/RotateKeyRequest'
import { durationFromWire, timestampFromWire, timestampToWire } from '#services/wire/convert/time'
import type { KeyRecord } from '../auth/authenticate-by-list.ts'
import type { Keys } from '../auth/keys/keys.ts'
import type { StoredKey } from '../auth/keys/key-store.ts'
import type { CallContext } from '../call/call-context.ts'
import type { ServeDependencies } from './serve-call.ts'

/** What the keys' rpcs need. */
export interface KeysServiceDependencies {
  readonly keys: Keys
  /** The configuration's own, listed beside those of the store. */
  readonly configuredKeys: readonly Omit<KeyRecord, 'sha256'>[]
  readonly clock: Clock
  readonly logger: ServeDependencies['logger']
}

type Answer<Request> = (request: Request, context: CallContext) => Promise<object>

/** The rpcs about keys, each as a function of request and caller. Every change is logged with who made it. */
export interface KeyRpcs {
  readonly createKey: Answer<CreateKeyRequest__Output>
  readonly listKeys: Answer<{ tenant: string }>
  readonly rotateKey: Answer<RotateKeyRequest__Output>
  readonly revokeKey: Answer<{ id: string }>
}

/** An overlap long enough to bring the new secret to every client of a day's business. */
const defaultOverlapMs = 86_400_000

/** Makes the rpcs. */
export function createKeyRpcs({ keys, configuredKeys, clock, logger }: KeysServiceDependencies): KeyRpcs {
  const toWire = (key: StoredKey): Key => keyToWire(key, clock.now())
  const demandStored = (id: string): void => {
    if (!configuredKeys.some(key => key.id === id)) return
    throw new GatewayError('PermissionDenied', 'the key is in the configuration, which alone can change it')
  }
  return {
    async createKey(request, { caller }) {
      const { id, tenant, scopes, note, expiresAt } = request
      const wanted = {
        id,
        tenant,
        scopes,
        note,
        ...(expiresAt === null ? {} : { expiresAt: timestampFromWire(expiresAt) }),
      }
      const { key, text } = await keys.create(wanted)
      logger.info({ by: caller.credentialId, key: key.id, tenant, scopes: key.scopes }, 'a key was made')
      return { key: toWire(key), secret: text }
    },
    async listKeys({ tenant }) {
      const stored = (await keys.list()).map(toWire)
      const listed = configuredKeys.map(configuredToWire)
      return { keys: [...listed, ...stored].filter(key => tenant === '' || key.tenant === tenant) }
    },
    async rotateKey({ id, overlap }, { caller }) {
      demandStored(id)
      const { key, text } = await keys.rotate(id, overlap === null ? defaultOverlapMs : durationFromWire(overlap))
      logger.info({ by: caller.credentialId, key: id, tenant: key.tenant }, 'a key was rotated')
      return { key: toWire(key), secret: text }
    },
    async revokeKey({ id }, { caller }) {
      demandStored(id)
      const key = await keys.revoke(id)
      logger.info({ by: caller.credentialId, key: id, tenant: key.tenant }, 'a key was revoked')
      return { key: toWire(key) }
    },
  }
}

function keyToWire(key: StoredKey, nowMs: number): Key {
  const { id, tenant, scopes, note, createdAt, expiresAt, revokedAt, secrets } = key
  const ends = secrets.flatMap(({ endsAt }) => (endsAt !== undefined && endsAt > nowMs ? endsAt : []))
  return {
    id,
    tenant,
    note,
    scopes: [...scopes],
    source: 'KEY_SOURCE_STORE',
    createdAt: timestampToWire(createdAt),
    ...(expiresAt === undefined ? {} : { expiresAt: timestampToWire(expiresAt) }),
    ...(revokedAt === undefined ? {} : { revokedAt: timestampToWire(revokedAt) }),
    ...(ends.length === 0 ? {} : { previousEndsAt: timestampToWire(Math.max(...ends)) }),
  }
}

function configuredToWire({ id, tenant, scopes }: Omit<KeyRecord, 'sha256'>): Key {
  return { id, tenant, scopes: [...scopes], note: '', source: 'KEY_SOURCE_CONFIGURATION' }
}
