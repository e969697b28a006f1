import type { Scope } from '#services/router/request/states'

/** One secret of a key, as its hash. */
export interface KeySecret {
  readonly sha256: string
  /** Epoch ms from which it is not taken any more: set when a rotation put a newer one beside it. */
  readonly endsAt?: number
}

/** A key as the store keeps it. */
export interface StoredKey {
  readonly id: string
  readonly tenant: string
  readonly scopes: readonly Scope[]
  readonly note: string
  readonly createdAt: number
  readonly expiresAt?: number
  readonly revokedAt?: number
  /** The newest first. */
  readonly secrets: readonly KeySecret[]
}

/** Keys that operators make while the gateway runs. */
export interface KeyStore {
  find(id: string): Promise<StoredKey | undefined>
  list(): Promise<readonly StoredKey[]>
  /** False when the id is taken, be it by a key that was revoked. */
  create(key: StoredKey): Promise<boolean>
  /**
   * Changes a key in one step: what `change` makes of the key as it is now is kept; `undefined` when there is none.
   * `change` may be called again when another process was quicker.
   */
  change(id: string, change: (key: StoredKey) => StoredKey): Promise<StoredKey | undefined>
}
