import { performance } from 'node:perf_hooks'
import { GatewayError } from '#services/contract/errors'
import type { Party } from './in-flight.ts'

/** One request that asks for its turn. */
export interface Applicant extends Party {
  readonly requestId: string
  /** How long it has until its deadline. */
  readonly leftMs: number
}

/**
 * Where requests wait for their turn at what costs the router and Redis most: from the look at the input to the
 * first leg in its queue. A few have it at once. The others wait, and tenants take turns, and the connections of
 * each tenant among them: a burst of one delays others by at most one turn.
 */
export interface AdmissionQueue {
  /**
   * Resolves when it is this request's turn, at once where no request waits.
   * @throws GatewayError RateLimited when it has waited for half of its time; Cancelled when its caller leaves
   */
  enter(applicant: Applicant, signal: AbortSignal): Promise<void>
  /** Gives the turn to the next; does nothing for a request that has none. */
  leave(requestId: string): void
  /** Requests that wait. */
  readonly waiting: number
}

/** Nobody waits for a turn for longer. */
const longestWaitMs = 30_000
/**
 * What is left of a request's time after this part of it went by in waiting is of use to nobody who called at the
 * same rate.
 */
const mostWaitRatio = 0.5

/** Makes a queue of which `atOnce` requests have their turn at a time. */
export function createAdmissionQueue(atOnce: number): AdmissionQueue {
  const admitted = new Set<string>()
  const tenants = new Map<string, Lines>()
  let waiting = 0

  const next = (): void => {
    while (admitted.size < atOnce) {
      const begin = takeNext(tenants)
      if (begin === undefined) return
      begin()
    }
  }
  return {
    async enter({ tenant, connection, requestId, leftMs }, signal) {
      if (signal.aborted) throw new GatewayError('Cancelled', 'the caller went away')
      if (admitted.size < atOnce) {
        admitted.add(requestId)
        return
      }
      waiting += 1
      const connections = valueOf(tenants, tenant, (): Lines => new Map())
      const line = valueOf(connections, connection, (): (() => void)[] => [])
      await new Promise<void>((resolve, reject) => {
        const startedAt = performance.now()
        const end = (): void => {
          waiting -= 1
          clearTimeout(timer)
          signal.removeEventListener('abort', onLeft)
        }
        const begin = (): void => {
          end()
          admitted.add(requestId)
          resolve()
        }
        const giveUp = (error: GatewayError): void => {
          end()
          remove(tenants, { tenant, connection }, begin)
          reject(error)
        }
        const onLeft = (): void => giveUp(new GatewayError('Cancelled', 'the caller went away'))
        const onLate = (): void => giveUp(waitedTooLong(performance.now() - startedAt))
        const timer = setTimeout(onLate, Math.max(0, Math.min(longestWaitMs, mostWaitRatio * leftMs))).unref()
        signal.addEventListener('abort', onLeft, { once: true })
        line.push(begin)
      })
    },
    leave(requestId) {
      if (admitted.delete(requestId)) next()
    },
    get waiting() {
      return waiting
    },
  }
}

function waitedTooLong(waitedMs: number): GatewayError {
  const description = `waited ${Math.round(waitedMs)} ms behind earlier requests of its tenant and connection`
  return new GatewayError('RateLimited', `the router has more requests than it can begin: this one ${description}`, {
    reason: 'ADMISSION_QUEUE_FULL',
    quota: { subject: 'tenant:admission', description },
    retryAfterMs: 1000,
  })
}

/** Requests that wait, by connection in the order in which the connections have their turns. */
type Lines = Map<string, (() => void)[]>

/**
 * Takes the oldest request of the connection and the tenant whose turn it is; both have theirs again after the
 * others.
 */
function takeNext(tenants: Map<string, Lines>): (() => void) | undefined {
  for (const [tenant, connections] of tenants) {
    tenants.delete(tenant)
    for (const [connection, line] of connections) {
      connections.delete(connection)
      const begin = line.shift()
      if (line.length > 0) connections.set(connection, line)
      if (connections.size > 0) tenants.set(tenant, connections)
      if (begin !== undefined) return begin
    }
  }
  return undefined
}

function remove(tenants: Map<string, Lines>, { tenant, connection }: Party, begin: () => void): void {
  const line = tenants.get(tenant)?.get(connection)
  const at = line?.indexOf(begin) ?? -1
  if (at >= 0) line?.splice(at, 1)
}

function valueOf<Value>(map: Map<string, Value>, name: string, make: () => Value): Value {
  const found = map.get(name)
  if (found !== undefined) return found
  const made = make()
  map.set(name, made)
  return made
}
