/** Lets so many at a time through, tenants by turns. */
export interface TenantTurns {
  /**
   * Waits for a place; the caller calls what it gets, once, when it is through.
   * @throws the signal's own error when it is aborted before
   */
  enter(tenant: string, signal: AbortSignal): Promise<() => void>
}

/** How many are let through. */
export interface TenantTurnsOptions {
  readonly places: number
  /** Most places that one tenant has at once. */
  readonly placesPerTenant: number
}

interface Waiting {
  readonly tenant: string
  readonly take: () => void
}

/** Creates the turns; within a tenant, first come, first served. */
export function createTenantTurns({ places, placesPerTenant }: TenantTurnsOptions): TenantTurns {
  /** Those who wait, by tenant; the tenant of the next turn first. */
  const waiting = new Map<string, Waiting[]>()
  const inside = new Map<string, number>()
  let taken = 0

  const mayEnter = (tenant: string): boolean => taken < places && (inside.get(tenant) ?? 0) < placesPerTenant

  const count = (tenant: string, more: number): void => {
    taken += more
    const now = (inside.get(tenant) ?? 0) + more
    if (now === 0) inside.delete(tenant)
    else inside.set(tenant, now)
  }

  const letIn = (): void => {
    for (const [tenant, queue] of waiting) {
      if (!mayEnter(tenant)) continue
      const next = queue.shift()
      waiting.delete(tenant)
      // Its next one comes after the others.
      if (queue.length > 0) waiting.set(tenant, queue)
      if (next === undefined) continue
      count(tenant, 1)
      next.take()
    }
  }

  const leaveOf = (tenant: string) => (): void => {
    count(tenant, -1)
    letIn()
  }

  return {
    async enter(tenant, signal) {
      signal.throwIfAborted()
      if (mayEnter(tenant) && !waiting.has(tenant)) {
        count(tenant, 1)
        return leaveOf(tenant)
      }
      await new Promise<void>((resolve, reject) => {
        const one: Waiting = {
          tenant,
          take() {
            signal.removeEventListener('abort', giveUp)
            resolve()
          },
        }
        const giveUp = (): void => {
          const queue = waiting.get(tenant) ?? []
          const place = queue.indexOf(one)
          // A place that was given already is not given up.
          if (place === -1) return
          queue.splice(place, 1)
          if (queue.length === 0) waiting.delete(tenant)
          // The reason of the signal is passed on unchanged.
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors
          reject(signal.reason)
        }
        signal.addEventListener('abort', giveUp, { once: true })
        waiting.set(tenant, [...(waiting.get(tenant) ?? []), one])
      })
      return leaveOf(tenant)
    },
  }
}
