/** Keeps content outside of the queue, by tenant, for a time and within a quota. */
export interface PayloadStore {
  /**
   * Stores bytes and gives their id.
   * @throws GatewayError TooLarge (quota) when the tenant has no room, Overloaded when Redis is away
   */
  put(tenant: string, bytes: Uint8Array, ttlMs: number): Promise<string>
  /** The bytes, or `undefined` when their time is over. */
  get(tenant: string, payloadId: string): Promise<Uint8Array | undefined>
  /** Frees payloads before their time. */
  remove(tenant: string, payloadIds: readonly string[]): Promise<void>
  /** Keeps payloads for longer, for an operator to replay. */
  keep(tenant: string, payloadIds: readonly string[], ttlMs: number): Promise<void>
}
