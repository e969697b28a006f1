/** Which rung answered a conversation last, and how much of it that rung's server may have in its prefix cache. */
export interface SessionChoice {
  readonly rung: string
  /** Tokens of the prompt and the answer. */
  readonly tokens: number
  /** Epoch ms of the answer. */
  readonly answeredAt: number
}

/** Remembers choices by keys of conversations, each tenant for itself. */
export interface SessionStore {
  /** The choice of the first of these keys that there is one for. */
  find(tenant: string, keys: readonly string[]): Promise<SessionChoice | undefined>
  remember(tenant: string, key: string, choice: SessionChoice): Promise<void>
}
