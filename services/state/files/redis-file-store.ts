import { randomBytes } from 'node:crypto'
import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { loadScript, runScript, type Script } from '#services/platform/redis/script'
import { fileTag } from './file-keys.ts'
import { noSuchFile, type FileStore, type StoredFile } from './file-store.ts'

/** Options of the store. */
export interface FileStoreOptions {
  readonly prefix: string
  /** Bytes that the files of one tenant may have together. */
  readonly quotaBytes: number
  /** Files that one tenant may have. */
  readonly mostFiles: number
}

const load = (name: string): Script => loadScript(import.meta.url, 'lua/files.lua', `lua/${name}.lua`)
const scripts = {
  begin: load('begin'),
  append: load('append'),
  seal: load('seal'),
  remove: load('remove'),
  keep: load('keep'),
}

/** Files in Redis: each in pieces, all of one tenant in one slot. */
export function createRedisFileStore(
  { prefix, quotaBytes, mostFiles }: FileStoreOptions,
  redis: RedisConnection,
  clock: Clock,
): FileStore {
  const run = (script: Script, tenant: string, ...args: readonly (string | number | Buffer)[]): Promise<unknown> => {
    const tag = fileTag(prefix, tenant)
    return runScript(redis, script, [`${tag}:files`], [tag, ...args])
  }
  const fileKey = (tenant: string, fileId: string): string => `${fileTag(prefix, tenant)}:file:${fileId}`
  const find = async (tenant: string, fileId: string): Promise<StoredFile | undefined> => {
    const known = await onRedis(() => redis.hgetall(fileKey(tenant, fileId)))
    const endsAt = Number(known['ends'])
    if (known['name'] === undefined || !(endsAt > clock.now())) return undefined
    return {
      fileId,
      name: known['name'],
      purpose: known['purpose'] === 'batch' ? 'batch' : 'batch_output',
      bytes: Number(known['bytes']),
      createdAt: Number(known['made']),
      endsAt,
    }
  }
  return {
    find,
    async begin(tenant, ttlMs) {
      const fileId = `file-${randomBytes(12).toString('hex')}`
      const now = clock.now()
      const begun = await run(scripts.begin, tenant, fileId, now, Math.ceil(now + ttlMs), quotaBytes, mostFiles)
      if (begun === 1) return fileId
      throw quotaFull(`${quotaBytes} bytes and ${mostFiles} files at once`)
    },
    async append(tenant, fileId, bytes) {
      const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const added = await run(scripts.append, tenant, fileId, data, quotaBytes)
      if (added === -1) throw quotaFull(`${quotaBytes} bytes at once`)
      if (added !== 1) throw noSuchFile()
    },
    async seal(tenant, fileId, { name, purpose, ttlMs }) {
      await run(scripts.seal, tenant, fileId, name, purpose, Math.ceil(clock.now() + ttlMs))
      const file = await find(tenant, fileId)
      if (file === undefined) throw noSuchFile()
      return file
    },
    async list(tenant, { limit, after, oldestFirst = false }) {
      const key = `${fileTag(prefix, tenant)}:files`
      const rank = after === undefined ? undefined : await onRedis(() => redis.zrevrank(key, after))
      const newestFirst = await onRedis(() => redis.zrevrange(key, 0, -1))
      const at = rank ?? undefined
      const ids = oldestFirst
        ? newestFirst.slice(0, at ?? newestFirst.length).toReversed()
        : newestFirst.slice(at === undefined ? 0 : at + 1)
      const files: StoredFile[] = []
      // Some that are listed may have ended.
      for (let from = 0; from < ids.length && files.length < limit; from += limit) {
        const found = await Promise.all(ids.slice(from, from + limit).map(id => find(tenant, id)))
        files.push(...found.filter(file => file !== undefined))
      }
      return files.slice(0, limit)
    },
    async *read(tenant, fileId) {
      const key = fileKey(tenant, fileId)
      const pieces = await onRedis(() => redis.hget(key, 'pieces'))
      if (pieces === null) throw noSuchFile()
      for (let piece = 0; piece < Number(pieces); piece += 1) {
        const bytes = await onRedis(() => redis.getBuffer(`${key}:${piece}`))
        if (bytes === null) throw noSuchFile()
        yield bytes
      }
    },
    remove: async (tenant, fileId) => (await run(scripts.remove, tenant, fileId)) === 1,
    keep: async (tenant, fileId, untilAt) => (await run(scripts.keep, tenant, fileId, Math.ceil(untilAt))) === 1,
  }
}

function quotaFull(description: string): GatewayError {
  return new GatewayError('TooLarge', 'the files of this tenant fill its quota: delete some', {
    reason: 'FILE_QUOTA',
    quota: { subject: 'tenant:file-bytes', description },
  })
}
