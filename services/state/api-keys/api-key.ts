import { hash, randomBytes } from 'node:crypto'

/** A new API key: its text, which is shown once, and the hash that is stored. */
export interface ApiKey {
  readonly text: string
  readonly sha256: string
}

/** 256 random bits, so that a hash without salt or stretching cannot be searched through. */
const secretBytes = 32

/** A prefix of its own lets scanners of repositories and logs know a leaked key. */
const shape = /^sluice_([a-z0-9][a-z0-9._-]{0,63})_[A-Za-z0-9_-]{43}$/u

/** Makes a key that carries its id, so that its record is found by what is no secret. */
export function createApiKey(id: string): ApiKey {
  const text = `sluice_${id}_${randomBytes(secretBytes).toString('base64url')}`
  return { text, sha256: hashCredential(text).toString('hex') }
}

/** The id that a key carries; `undefined` when the text is no key of this make. */
export function readKeyId(text: string): string | undefined {
  return shape.exec(text)?.[1]
}

/** SHA-256 of a credential: all that is ever kept of one. */
export function hashCredential(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

/** Makes up an id for a key that was given none. */
export function createKeyId(): string {
  return `key-${randomBytes(5).toString('hex')}`
}
