import type { Caller } from '#services/router/request/states'

/** A credential that was found good. */
export interface Authenticated {
  readonly caller: Caller
  /** Epoch ms until which it may be believed without looking again. */
  readonly until: number
}

/**
 * Tries a credential as one of its kind; `undefined` when it is of another kind or not good.
 * @throws GatewayError Overloaded when the key store or the issuer is away
 */
export type Authenticator = (credential: string, hash: Buffer) => Promise<Authenticated | undefined>
