import { Cluster, Redis, type ClusterNode } from 'ioredis'
import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'
import { timeOutCommands } from './time-out.ts'
import { writeTogether } from './write-together.ts'

/** A connection to one Redis, to a Sentinel's master, or to a cluster. */
export type RedisConnection = Redis | Cluster

/** Where Redis is and how long it may keep us waiting. */
export interface RedisOptionsOfHouse {
  /** redis://, rediss://, unix://path, sentinel://host:port,host:port/name, cluster://host:port,host:port */
  readonly url: string
  /** A command that takes longer fails: a Redis that hangs is away. */
  readonly commandTimeoutMs: number
}

/**
 * What the connection is for. `commands` fail at once while Redis is away, so that callers hear UNAVAILABLE within a second;
 * `blocking` waits for it, as BullMQ's workers and mailbox readers must.
 */
export type ConnectionUse = 'commands' | 'blocking'

/** Longest pause between two attempts to reconnect: a Redis that is back is noticed within it. */
const longestRetryMs = 500

/** Opens a connection; the caller closes it with `disconnect` or `quit`. @throws GatewayError Config for an address that cannot be read */
export function connectRedis(options: RedisOptionsOfHouse, use: ConnectionUse, logger: Logger): RedisConnection {
  const connection = open(options, sharedOptions(use), use)
  // ioredis throws an unhandled 'error' otherwise; it reconnects by itself, and every command fails with its own error.
  connection.on('error', (error: Error) => logger.debug({ err: error, use }, 'redis connection'))
  connection.on('close', () => logger.debug({ use }, 'redis connection closed'))
  if (connection instanceof Redis) {
    writeTogether(connection)
    if (use === 'commands') timeOutCommands(connection, options.commandTimeoutMs)
  }
  return connection
}

function sharedOptions(use: ConnectionUse) {
  const blocking = use === 'blocking'
  return {
    retryStrategy: (attempt: number) => Math.min(longestRetryMs, 2 ** Math.min(attempt, 9)),
    connectTimeout: 2000,
    enableOfflineQueue: blocking,
    maxRetriesPerRequest: blocking ? null : 0,
    autoResendUnfulfilledCommands: blocking,
  }
}

function open(options: RedisOptionsOfHouse, shared: SharedOptions, use: ConnectionUse): RedisConnection {
  const [scheme, rest] = splitOnce(options.url, '://')
  const opener = openers[scheme]
  if (opener !== undefined) return opener(options, rest, shared, use)
  // The address can hold a password, so nothing of it is repeated.
  throw new GatewayError('Config', `redis.url: its scheme is not one of ${Object.keys(openers).join(', ')}`)
}

type SharedOptions = ReturnType<typeof sharedOptions>
type Opener = (options: RedisOptionsOfHouse, rest: string, shared: SharedOptions, use: ConnectionUse) => RedisConnection

const openers: Readonly<Record<string, Opener>> = {
  redis: ({ url }, _rest, shared) => new Redis(url, shared),
  rediss: ({ url }, _rest, shared) => new Redis(url, shared),
  unix: (_options, path, shared) => new Redis({ ...shared, path }),
  sentinel(_options, rest, shared) {
    const [hosts, name] = splitOnce(rest, '/')
    return new Redis({ ...shared, sentinels: nodesOf(hosts), name: name === '' ? 'mymaster' : name })
  },
  cluster({ commandTimeoutMs }, hosts, shared, use) {
    const blocking = use === 'blocking'
    const redisOptions = blocking ? shared : { ...shared, commandTimeout: commandTimeoutMs }
    return new Cluster(nodesOf(hosts), { redisOptions, enableOfflineQueue: blocking })
  },
}

function nodesOf(hosts: string): { host: string; port: number }[] & ClusterNode[] {
  return hosts.split(',').map(host => {
    const [name, port] = splitOnce(host, ':')
    return { host: name, port: port === '' ? 6379 : Number(port) }
  })
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}

/** Tells whether one server has every key, so that a script may touch several slots. */
export function isOneServer(connection: RedisConnection): boolean {
  return !(connection instanceof Cluster)
}

/** Resolves when the connection can be used. @throws GatewayError Overloaded after `timeoutMs`, with what Redis or the network last said */
export async function whenReady(connection: RedisConnection, timeoutMs: number): Promise<void> {
  if (connection.status === 'ready') return
  let fault = ''
  // A wrong password, a name that is not known, a server in protected mode: all of them only show as errors between two attempts.
  const onError = ({ message }: Error): void => {
    fault = `: ${message.slice(0, longestFault)}`
  }
  connection.on('error', onError)
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      connection.off('ready', onReady)
      reject(new GatewayError('Overloaded', `Redis did not answer within ${timeoutMs} ms${fault}`))
    }, timeoutMs)
    const onReady = (): void => {
      clearTimeout(timer)
      resolve()
    }
    connection.once('ready', onReady)
  }).finally(() => connection.off('error', onError))
}

/** Redis' own texts can be a page long; their first sentence tells. */
const longestFault = 160
