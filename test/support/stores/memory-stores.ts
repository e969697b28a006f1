import { randomUUID } from 'node:crypto'
import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import type { KeyStore, StoredKey } from '#services/router/edge/auth/keys/key-store'
import type { KeptOutcome, OutcomeStore } from '#services/state/outcomes/outcome-store'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import type { SessionChoice, SessionStore } from '#services/state/sessions/session-store'
import type { WorkerRegistry, WorkerState } from '#services/state/registry/worker-registry'
import type { ReplyMessage, ReplyStream, ReplySender, RouterMessage } from '#services/state/replies/reply-stream'

/** Payloads in memory; the contract suite holds them to what the store in Redis promises. */
export function createMemoryPayloads(quotaBytes: number, clock: Clock): PayloadStore {
  const kept = new Map<string, { readonly tenant: string; readonly bytes: Uint8Array; endsAt: number }>()
  const alive = (tenant: string, id: string) => {
    const one = kept.get(id)
    return one?.tenant === tenant && one.endsAt > clock.now() ? one : undefined
  }
  return {
    async put(tenant, bytes, ttlMs) {
      const own = [...kept.values()].filter(one => one.tenant === tenant && one.endsAt > clock.now())
      if (own.reduce((sum, one) => sum + one.bytes.byteLength, bytes.byteLength) > quotaBytes) {
        throw new GatewayError('TooLarge', 'the payloads of this tenant fill its quota', { reason: 'PAYLOAD_QUOTA' })
      }
      const id = randomUUID()
      kept.set(id, { tenant, bytes: bytes.slice(), endsAt: clock.now() + ttlMs })
      return id
    },
    get: async (tenant, id) => alive(tenant, id)?.bytes,
    async remove(tenant, ids) {
      for (const id of ids) if (alive(tenant, id) !== undefined) kept.delete(id)
    },
    async keep(tenant, ids, ttlMs) {
      for (const id of ids) {
        const one = alive(tenant, id)
        if (one !== undefined) one.endsAt = Math.max(one.endsAt, clock.now() + ttlMs)
      }
    },
  }
}

/** Choices of conversations in memory, for an hour. */
export function createMemorySessions(clock: Clock): SessionStore {
  const kept = new Map<string, { readonly choice: SessionChoice; readonly endsAt: number }>()
  const nameOf = (tenant: string, key: string): string => JSON.stringify([tenant, key])
  return {
    find: async (tenant, keys) =>
      keys.map(key => kept.get(nameOf(tenant, key))).find(one => one !== undefined && one.endsAt > clock.now())?.choice,
    async remember(tenant, key, choice) {
      kept.set(nameOf(tenant, key), { choice, endsAt: clock.now() + 3_600_000 })
    },
  }
}

/** A registry in memory. */
export function createMemoryRegistry(clock: Clock): WorkerRegistry {
  const beats = new Map<string, { readonly state: WorkerState; readonly endsAt: number }>()
  const draining = new Set<string>()
  const shutOff = new Map<string, number>()
  return {
    async beat(state, ttlMs, shut = []) {
      const endpoints = [...shutOff].map(([endpoint, untilAt]) => ({ endpoint, untilAt }))
      for (const { endpoint, untilAt } of shut) shutOff.set(endpoint, untilAt)
      beats.set(state.workerId, { state, endsAt: clock.now() + ttlMs })
      return {
        drain: draining.has(state.workerId),
        shut: endpoints.filter(({ untilAt }) => untilAt > clock.now()),
      }
    },
    async leave(workerId) {
      beats.delete(workerId)
    },
    list: async () =>
      [...beats.values()]
        .filter(({ endsAt }) => endsAt > clock.now())
        .map(({ state }) => (draining.has(state.workerId) ? { ...state, draining: true } : state)),
    async setDraining(workerIds, isDraining) {
      for (const id of workerIds)
        if (isDraining) draining.add(id)
        else draining.delete(id)
    },
  }
}

/** Outcomes in memory. */
export function createMemoryOutcomes(recordsPerTenant: number): OutcomeStore {
  const streams = new Map<string, KeptOutcome[]>()
  return {
    async append(tenant, record) {
      const name = JSON.stringify([record.ladder, record.policyVersion, tenant])
      streams.set(name, [...(streams.get(name) ?? []), { tenant, record }].slice(-recordsPerTenant))
    },
    async *read(ladder, tenant) {
      for (const stream of streams.values()) {
        yield* stream.filter(one => one.record.ladder === ladder && (tenant ?? one.tenant) === one.tenant)
      }
    },
  }
}

/** Keys in memory. */
export function createMemoryKeys(): KeyStore {
  const keys = new Map<string, StoredKey>()
  return {
    find: async id => keys.get(id),
    list: async () => [...keys.values()],
    async create(key) {
      if (keys.has(key.id)) return false
      keys.set(key.id, key)
      return true
    },
    async change(id, change) {
      const key = keys.get(id)
      if (key === undefined) return undefined
      keys.set(id, change(key))
      return keys.get(id)
    },
  }
}

/** Reply streams in memory: what comes before its reader listens waits for it. */
export function createMemoryReplies(): ReplySender & { open(name: string): ReplyStream<RouterMessage> } {
  const waiting = new Map<string, ReplyMessage[]>()
  const readers = new Map<string, (message: ReplyMessage) => void>()
  return {
    async send(name, message) {
      const reader = readers.get(name)
      if (reader === undefined) waiting.set(name, [...(waiting.get(name) ?? []), message])
      else queueMicrotask(() => reader(message))
    },
    open: name => ({
      name,
      listen(handler) {
        for (const message of waiting.get(name) ?? []) handler(message as RouterMessage)
        waiting.delete(name)
        readers.set(name, message => handler(message as RouterMessage))
      },
      async close() {
        readers.delete(name)
      },
    }),
  }
}
