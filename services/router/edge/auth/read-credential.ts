import { GatewayError } from '#services/contract/errors'

/** Headers in which other services take keys: a caller that sends one wants to authenticate. */
const foreignHeaders = ['api-key', 'x-goog-api-key', 'proxy-authorization'] as const

/**
 * The credential that headers carry, in the form of `authorization`; `undefined` where there is none at all.
 * `x-api-key: KEY` is the same as `authorization: Bearer KEY`. Whatever is there and cannot be used is never taken
 * for nothing.
 * @throws GatewayError Unauthenticated when there are several that differ, or one in a header that is not read
 */
export function readCredential(valuesOf: (header: string) => readonly string[]): string | undefined {
  const bearers = valuesOf('authorization').map(value => value.replace(/^Bearer +/iu, 'Bearer '))
  const given = [...bearers, ...valuesOf('x-api-key').map(key => `Bearer ${key}`)]
  const [first, ...others] = new Set(given)
  if (others.length > 0) {
    throw unusable(
      'the call carries several credentials that differ: send one, as authorization: Bearer or as x-api-key',
    )
  }
  if (first !== undefined) return first
  const foreign = foreignHeaders.find(header => valuesOf(header).length > 0)
  if (foreign === undefined) return undefined
  throw unusable(
    `the header ${foreign} is not read: send the key as authorization: Bearer <API key or token>, or as x-api-key`,
  )
}

function unusable(message: string): GatewayError {
  return new GatewayError('Unauthenticated', message, { stage: 'admit', reason: 'CREDENTIAL_UNUSABLE' })
}
