import type { Logger } from 'pino'
import type { EndNotice } from '#services/state/cascade-log/cascade-log'
import type { LegId } from '#services/contract/ids'
import { isOneServer, type RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import type { ReplyMessage, ReplyStream, ReplySender } from './reply-stream.ts'

/** Names a process's box. */
function boxKey(prefix: string, name: string): string {
  return `${prefix}:{box:${name}}`
}

/**
 * Most entries that a box keeps unread: far above what a router's requests in flight can have under way, since each
 * is bounded by its window.
 */
const mostUnread = 200_000

/** An end larger than this stays in the cascade log, where the reader finds it. */
const inlineEndBytes = 65_536

/** Sends messages as entries of the reader's stream. */
export function createReplySender(prefix: string, redis: RedisConnection): ReplySender {
  return {
    async send(box, message) {
      const key = boxKey(prefix, box)
      await onRedis(() => redis.xadd(key, 'MAXLEN', '~', mostUnread, '*', 'm', encode(message)))
    },
    ...(isOneServer(redis) ? { noticeOf: (box, legId, attempt) => noticeOf(boxKey(prefix, box), legId, attempt) } : {}),
  }
}

function noticeOf(key: string, legId: LegId, attempt: number): EndNotice {
  const message = JSON.stringify({ kind: 'leg-ended', legId, attempt } satisfies ReplyMessage)
  return { boxKey: key, mostUnread, head: message.slice(0, -1), longestEndBytes: inlineEndBytes }
}

function encode(message: ReplyMessage): string {
  const text = JSON.stringify(message)
  if (text.length <= inlineEndBytes || message.kind !== 'leg-ended') return text
  const { end: _inTheLog, ...notice } = message
  return JSON.stringify(notice)
}

/** Dependencies of a reply stream. */
export interface ReplyStreamDependencies {
  /** For reading alone: it blocks. */
  readonly reader: RedisConnection
  /** For trimming and keeping alive. */
  readonly redis: RedisConnection
  readonly logger: Logger
}

/** Options of a reply stream. */
export interface ReplyStreamOptions {
  readonly prefix: string
  readonly name: string
  /** A box whose process died vanishes after this. */
  readonly ttlMs: number
}

/** Entries read at once. */
const entriesPerRead = 512
/** How long one read waits; short, so that closing and lost connections are noticed. */
const blockMs = 2000
/** Handled messages stay for this long: letting go of each by itself would cost two commands a message. */
const trimEveryMs = 50
/** Pause before the next read when one failed. */
const pauseMs = 50

/**
 * Makes this process's box: a Redis stream, read from where the last read ended, so that a lost connection loses
 * nothing.
 */
export function createRedisReplyStream<M extends ReplyMessage>(
  options: ReplyStreamOptions,
  dependencies: ReplyStreamDependencies,
): ReplyStream<M> {
  const { reader, redis, logger } = dependencies
  const key = boxKey(options.prefix, options.name)
  let last = '0-0'
  let closed = false
  let trimming: Promise<void> | undefined
  let reading: Promise<void> = Promise.resolve()

  const readOnce = async (handler: (message: M) => void): Promise<void> => {
    const reply = await reader.xread('COUNT', entriesPerRead, 'BLOCK', blockMs, 'STREAMS', key, last)
    const entries = reply?.[0]?.[1] ?? []
    for (const [id, fields] of entries) {
      last = id
      try {
        handler(JSON.parse(fields[1] ?? 'null'))
      } catch (error) {
        logger.error({ err: error, box: options.name }, 'messages could not be handled')
      }
    }
    // The next message is not kept waiting: a first token may be right behind.
    if (entries.length > 0) trimming ??= trimSoon()
    else await follow()
  }

  /** Lets go of what was handled, many readings at once; what a failed turn leaves, the next one takes. */
  const trimSoon = async (): Promise<void> => {
    await new Promise(resolve => {
      setTimeout(resolve, trimEveryMs)
    })
    if (closed) return
    const [time = '0', sequence = '0'] = last.split('-')
    try {
      const trimmed = redis.xtrim(key, 'MINID', `${time}-${Number(sequence) + 1}`)
      await Promise.all([trimmed, redis.pexpire(key, options.ttlMs)])
    } catch (error) {
      logger.debug({ err: error, box: options.name }, 'messages could not be let go of')
    } finally {
      trimming = undefined
    }
  }

  /** After a Redis that came back without its data, its clock may lie behind our last id: then we begin again. */
  const follow = async (): Promise<void> => {
    await redis.pexpire(key, options.ttlMs)
    const newest = await redis.xrevrange(key, '+', '-', 'COUNT', 1)
    const id = newest[0]?.[0]
    if (id !== undefined && isBefore(id, last)) last = '0-0'
  }

  const loop = async (handler: (message: M) => void): Promise<void> => {
    while (!closed) {
      try {
        await readOnce(handler)
      } catch (error) {
        if (closed) return
        logger.debug({ err: error, box: options.name }, 'reading messages failed; trying again')
        await new Promise(resolve => setTimeout(resolve, pauseMs))
      }
    }
  }

  return {
    name: options.name,
    listen(handler) {
      reading = loop(handler)
    },
    async close() {
      closed = true
      reader.disconnect()
      await reading
      await trimming
      await redis.del(key).catch(() => {
        // The box ends with its time to live.
      })
    },
  }
}

function isBefore(a: string, b: string): boolean {
  const [aTime = 0, aSequence = 0] = a.split('-').map(Number)
  const [bTime = 0, bSequence = 0] = b.split('-').map(Number)
  return aTime < bTime || (aTime === bTime && aSequence < bSequence)
}
