import { createLocalJWKSet, errors, type CryptoKey, type JWSHeaderParameters, type JSONWebKeySet } from 'jose'
import { request } from 'undici'
import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'

/** Where an issuer publishes its keys, and how often it may be asked. */
export interface KeySetOptions {
  readonly url: string
  readonly timeoutMs: number
  /** Keys are read again when they are older. */
  readonly freshMs: number
  /** Shortest interval between fetches, whatever tokens name and however they fail. */
  readonly cooldownMs: number
  /** When the issuer is away, keys are believed until they are this old. */
  readonly staleMs: number
}

/**
 * Finds the key that a token names.
 * @throws JWKSNoMatchingKey when there is none, GatewayError Overloaded when the issuer is away
 */
export type FindKey = (header: JWSHeaderParameters) => Promise<CryptoKey>

/** Far above any issuer's set of keys, far below what would hurt. */
const mostBytes = 262_144

type KeySet = ReturnType<typeof createLocalJWKSet>

/**
 * Makes the finder. One request at a time; a key that is not known makes it look again, but no more often than the
 * cooldown allows.
 */
export function createKeySet(options: KeySetOptions, clock: Clock): FindKey {
  let current: { readonly keys: KeySet; readonly at: number } | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined

  const read = async (): Promise<void> => {
    const keys = await download(options)
    current = { keys, at: clock.now() }
  }
  const ask = (): Promise<void> => {
    asking ??= read().finally(() => {
      askedAt = clock.now()
      asking = undefined
    })
    return asking
  }
  const mayAsk = (): boolean => asking !== undefined || clock.now() - askedAt >= options.cooldownMs
  const isYoung = (ageMs: number): boolean => current !== undefined && clock.now() - current.at < ageMs
  /** Checks again if it may; that the issuer is away matters only when there are no keys to go on with. */
  const renew = async (): Promise<void> => {
    const failed = mayAsk()
      ? await ask().then(
          () => undefined,
          (error: unknown) => error,
        )
      : undefined
    if (isYoung(options.staleMs)) return
    throw new GatewayError(
      'Overloaded',
      'the keys of the issuer of this token cannot be read',
      { stage: 'admit', reason: 'ISSUER_AWAY', retryAfterMs: options.cooldownMs },
      { cause: failed },
    )
  }
  return async header => {
    if (!isYoung(options.freshMs)) await renew()
    try {
      return await known(current).keys(header)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayAsk()) throw error
      await renew()
      return known(current).keys(header)
    }
  }
}

function known<Current>(current: Current | undefined): Current {
  if (current === undefined) throw new Error('keys are looked for only after they were read')
  return current
}

async function download({ url, timeoutMs }: KeySetOptions): Promise<KeySet> {
  const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(timeoutMs) })
  let text = ''
  for await (const piece of body.setEncoding('utf8')) {
    text += String(piece)
    if (text.length > mostBytes) throw new Error('the key set is too large')
  }
  if (statusCode !== 200) throw new Error(`the key set's server answered ${statusCode}`)
  return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet)
}
