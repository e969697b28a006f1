import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import {
  endedStatuses,
  type Batch,
  type BatchLease,
  type BatchStatus,
  type BatchStore,
} from '#services/state/batches/batch-store'
import { noSuchFile, type FileStore, type StoredFile } from '#services/state/files/file-store'

interface Kept {
  readonly tenant: string
  readonly createdAt: number
  endsAt: number
  bytes: Buffer
  sealed?: Pick<StoredFile, 'name' | 'purpose'>
}

/** Files in memory; the contract suite holds them to what the store in Redis promises. */
export function createMemoryFiles(quotaBytes: number, mostFiles: number, clock: Clock): FileStore {
  const files = new Map<string, Kept>()
  let made = 0
  const ofTenant = (tenant: string): readonly [string, Kept][] =>
    [...files].filter(([, one]) => one.tenant === tenant && one.endsAt > clock.now())
  const find = (tenant: string, fileId: string): Kept | undefined => ofTenant(tenant).find(([id]) => id === fileId)?.[1]
  const shown = (fileId: string, { sealed, bytes, createdAt, endsAt }: Kept): StoredFile | undefined =>
    sealed === undefined ? undefined : { fileId, ...sealed, bytes: bytes.byteLength, createdAt, endsAt }
  const used = (tenant: string): number => ofTenant(tenant).reduce((sum, [, { bytes }]) => sum + bytes.byteLength, 0)
  const full = (): GatewayError => new GatewayError('TooLarge', 'full', { reason: 'FILE_QUOTA' })
  return {
    async begin(tenant, ttlMs) {
      if (used(tenant) >= quotaBytes || ofTenant(tenant).length >= mostFiles) throw full()
      made += 1
      const fileId = `file-${made}`
      files.set(fileId, { tenant, createdAt: clock.now(), endsAt: clock.now() + ttlMs, bytes: Buffer.alloc(0) })
      return fileId
    },
    async append(tenant, fileId, bytes) {
      const file = find(tenant, fileId)
      if (used(tenant) + bytes.byteLength > quotaBytes) throw full()
      if (file === undefined) throw noSuchFile()
      file.bytes = Buffer.concat([file.bytes, bytes])
    },
    async seal(tenant, fileId, { name, purpose, ttlMs }) {
      const file = find(tenant, fileId)
      if (file === undefined) throw noSuchFile()
      file.sealed = { name, purpose }
      file.endsAt = clock.now() + ttlMs
      const stored = shown(fileId, file)
      if (stored === undefined) throw noSuchFile()
      return stored
    },
    async find(tenant, fileId) {
      const file = find(tenant, fileId)
      return file === undefined ? undefined : shown(fileId, file)
    },
    async list(tenant, { limit, after, oldestFirst = false }) {
      const oldest = ofTenant(tenant).flatMap(([id, file]) => shown(id, file) ?? [])
      const all = oldestFirst ? oldest : oldest.toReversed()
      const from = after === undefined ? 0 : all.findIndex(({ fileId }) => fileId === after) + 1
      return all.slice(from, from + limit)
    },
    async *read(tenant, fileId) {
      const file = find(tenant, fileId)
      if (file === undefined) throw noSuchFile()
      yield file.bytes
    },
    remove: async (tenant, fileId) => find(tenant, fileId) !== undefined && files.delete(fileId),
    async keep(tenant, fileId, untilAt) {
      const file = find(tenant, fileId)
      if (file === undefined) return false
      file.endsAt = Math.max(file.endsAt, untilAt)
      return true
    },
  }
}

interface Driven {
  batch: Batch
  epoch: number
  leaseUntil: number
  readonly done: Set<number>
  readonly lines: { readonly completed: string[]; readonly failed: string[] }
}

/** Batches in memory, whose result files lie among `files`. */
export function createMemoryBatches(mostOpen: number, files: FileStore, clock: Clock): BatchStore {
  const batches = new Map<string, Driven>()
  let made = 0
  const find = (tenant: string, batchId: string): Driven | undefined => {
    const found = batches.get(batchId)
    return found?.batch.tenant === tenant ? found : undefined
  }
  const held = ({ tenant, batchId, epoch }: BatchLease): Driven | undefined => {
    const found = find(tenant, batchId)
    return found?.epoch === epoch ? found : undefined
  }
  const hasEnded = ({ batch: { status } }: Driven): boolean => endedStatuses.includes(status)
  const reach = (driven: Driven, status: BatchStatus): void => {
    const reachedAt = { [status]: clock.now(), ...driven.batch.reachedAt }
    driven.batch = { ...driven.batch, status, reachedAt }
  }
  const keptFile = async (driven: Driven, lines: readonly string[], name: string): Promise<string | undefined> => {
    if (lines.length === 0) return undefined
    const { tenant, outputTtlMs: ttlMs } = driven.batch
    const fileId = await files.begin(tenant, ttlMs)
    await files.append(tenant, fileId, Buffer.from(lines.join('')))
    await files.seal(tenant, fileId, { name, purpose: 'batch_output', ttlMs })
    return fileId
  }
  return {
    async create(order, key) {
      const known = key === undefined ? undefined : find(order.tenant, `batch_${key}`)
      if (known !== undefined) {
        if (known.batch.inputFileId === order.inputFileId) return known.batch
        throw new GatewayError('AlreadyExists', 'another batch has this key')
      }
      const open = [...batches.values()].filter(one => one.batch.tenant === order.tenant && !hasEnded(one))
      if (open.length >= mostOpen) throw new GatewayError('RateLimited', 'too many batches')
      made += 1
      const batchId = `batch_${key ?? made}`
      const createdAt = clock.now()
      const batch: Batch = {
        ...order,
        batchId,
        status: 'validating',
        createdAt,
        expiresAt: createdAt + order.windowMs,
        reachedAt: { validating: createdAt },
        rows: { total: 0, completed: 0, failed: 0 },
        tokens: { input: 0, cached: 0, output: 0, reasoning: 0 },
        costNanoUsd: 0,
        faults: [],
      }
      batches.set(batchId, { batch, epoch: 0, leaseUntil: 0, done: new Set(), lines: { completed: [], failed: [] } })
      return batch
    },
    find: async (tenant, batchId) => find(tenant, batchId)?.batch,
    async list(tenant, { limit, after }) {
      const all = [...batches.values()].map(({ batch }) => batch).filter(batch => batch.tenant === tenant)
      const newest = all.toReversed()
      const from = newest.findIndex(({ batchId }) => batchId === after) + 1
      return newest.slice(from, from + limit)
    },
    async cancel(tenant, batchId) {
      const found = find(tenant, batchId)
      if (found !== undefined && !hasEnded(found)) reach(found, 'cancelling')
      return found?.batch
    },
    async takeOver({ leaseUntil }, limit) {
      const free = [...batches.values()].filter(one => !hasEnded(one) && one.leaseUntil <= clock.now())
      return free.slice(0, limit).map(one => {
        one.epoch += 1
        one.leaseUntil = leaseUntil
        const { tenant, batchId } = one.batch
        const done = new Set(one.done)
        return { lease: { tenant, batchId, epoch: one.epoch }, batch: one.batch, isDone: row => done.has(row) }
      })
    },
    async renew(lease, leaseUntil) {
      const found = held(lease)
      if (found === undefined) return undefined
      found.leaseUntil = leaseUntil
      return found.batch.status
    },
    async release(lease) {
      const found = held(lease)
      if (found !== undefined) found.leaseUntil = 0
    },
    async begin(lease, rows) {
      const found = held(lease)
      if (found === undefined) return false
      found.batch = { ...found.batch, rows: { ...found.batch.rows, total: rows } }
      if (found.batch.status !== 'validating') return false
      reach(found, 'in_progress')
      return true
    },
    async record(lease, rows) {
      const found = held(lease)
      if (found === undefined) return false
      for (const { row, line, succeeded, tokens, costNanoUsd } of rows) {
        if (found.done.has(row)) continue
        found.done.add(row)
        const outcome = succeeded ? 'completed' : 'failed'
        found.lines[outcome].push(line)
        const { batch } = found
        found.batch = {
          ...batch,
          rows: { ...batch.rows, [outcome]: batch.rows[outcome] + 1 },
          tokens: {
            input: batch.tokens.input + tokens.input,
            cached: batch.tokens.cached + tokens.cached,
            output: batch.tokens.output + tokens.output,
            reasoning: batch.tokens.reasoning + tokens.reasoning,
          },
          costNanoUsd: batch.costNanoUsd + costNanoUsd,
        }
      }
      return true
    },
    async finish(lease, { status, faults = [], unrecordedNanoUsd = 0 }) {
      const found = held(lease)
      if (found === undefined) return false
      const output = await keptFile(found, found.lines.completed, 'output.jsonl')
      const error = await keptFile(found, found.lines.failed, 'error.jsonl')
      reach(found, status)
      found.batch = {
        ...found.batch,
        faults,
        costNanoUsd: found.batch.costNanoUsd + unrecordedNanoUsd,
        ...(output === undefined ? {} : { outputFileId: output }),
        ...(error === undefined ? {} : { errorFileId: error }),
      }
      return true
    },
  }
}
