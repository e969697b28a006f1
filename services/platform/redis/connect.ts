import { Cluster, Redis, type ClusterNode } from 'ioredis'
import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'
import { hookSending, writeTogether } from './before-sending.ts'
import { keepClusterOpen } from './cluster/keep-cluster-open.ts'
import { keepOpen } from './keep-open.ts'
import { keepToMaster } from './keep-to-master.ts'
import { refusalOf, type StoreRefusal } from './store-refusal.ts'
import { timeOutCommands } from './time-out.ts'

/** A connection to one Redis, to a Sentinel's master, or to a cluster. */
export type RedisConnection = Redis | Cluster

/** Where Redis is and how long it may keep us waiting. */
export interface RedisOptionsOfHouse {
  /** redis://, rediss://, unix://path, sentinel://host:port,host:port/name, cluster://host:port,host:port */
  readonly url: string
  /** A command that takes longer fails: a Redis that hangs is away. */
  readonly commandTimeoutMs: number
  /** Called for every error in which Redis cannot serve now. */
  readonly onRefusal?: (refusal: StoreRefusal) => void
}

/** Longest pause between two attempts to reconnect: a Redis that is back is noticed within it. */
const longestRetryMs = 500
/** Longest that a connection may take to be made. */
const connectTimeoutMs = 1000
/** A socket whose other end does not close it is destroyed after this. */
const disconnectTimeoutMs = 100

/** How a connection that is alike is opened, by the connection. */
const openers = new WeakMap<RedisConnection, () => RedisConnection>()

/**
 * Opens a connection; the caller closes it with `disconnect` or `quit`. Its commands fail at once while Redis is
 * away, and when they are not answered in time, so that callers hear UNAVAILABLE within a second; what is read in a
 * loop is asked for again.
 * @throws GatewayError Config for an address that cannot be read
 */
export function connectRedis(options: RedisOptionsOfHouse, logger: Logger): RedisConnection {
  const connection = open(options)
  openers.set(connection, () => connectRedis(options, logger))
  // ioredis throws an unhandled 'error' otherwise; it reconnects by itself, and every command fails with its own error.
  connection.on('error', (error: Error) => logger.debug({ err: error }, 'redis connection'))
  connection.on('close', () => logger.debug('redis connection closed'))
  const timeOut = timeOutCommands(connection, options.commandTimeoutMs)
  if (connection instanceof Redis) {
    hookSending(connection, [writeTogether(connection), timeOut])
    keepToMaster(connection, logger)
    keepOpen(connection, logger)
  } else {
    hookSending(connection, [timeOut])
    connection.on('+node', (node: Redis) => hookSending(node, [timeOutCommands(node, options.commandTimeoutMs)]))
    keepClusterOpen(connection, logger)
  }
  return connection
}

/** Opens one more connection like this one, such as one that waits. */
export function connectAnother(connection: RedisConnection): RedisConnection {
  const opener = openers.get(connection)
  if (opener === undefined) throw new Error('this connection was not opened by connectRedis')
  return opener()
}

/**
 * Breaks a connection to a server that is not to be used any more; it is made again, by a Sentinel's or an address's
 * word of today.
 */
export function leaveServer(connection: RedisConnection): void {
  if (connection instanceof Redis) connection.stream.destroy()
}

function sharedOptions({ onRefusal }: RedisOptionsOfHouse) {
  return {
    retryStrategy: (attempt: number) => Math.min(longestRetryMs, 2 ** Math.min(attempt, 9)),
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: disconnectTimeoutMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // What was under way when a connection broke fails: sent again, it could be done twice.
    autoResendUnfulfilledCommands: false,
    reconnectOnError(error: Error) {
      const refusal = refusalOf(error)
      if (refusal !== undefined) onRefusal?.(refusal)
      // A replica, or a master that was made one: its place has been taken.
      return refusal === 'read-only'
    },
  }
}

function open(options: RedisOptionsOfHouse): RedisConnection {
  const [scheme, rest] = splitOnce(options.url, '://')
  const connect = schemes[scheme]
  if (connect !== undefined) return connect(options, rest, sharedOptions(options))
  // The address can hold a password, so nothing of it is repeated.
  throw new GatewayError('Config', `redis.url: its scheme is not one of ${Object.keys(schemes).join(', ')}`)
}

type SharedOptions = ReturnType<typeof sharedOptions>
type Opener = (options: RedisOptionsOfHouse, rest: string, shared: SharedOptions) => RedisConnection

const schemes: Readonly<Record<string, Opener>> = {
  redis: ({ url }, _rest, shared) => new Redis(url, shared),
  rediss: ({ url }, _rest, shared) => new Redis(url, shared),
  unix: (_options, path, shared) => new Redis({ ...shared, path }),
  sentinel({ commandTimeoutMs }, rest, shared) {
    const [hosts, name] = splitOnce(rest, '/')
    return new Redis({
      ...shared,
      sentinels: nodesOf(hosts),
      name: name === '' ? 'mymaster' : name,
      // A Sentinel announces a promotion at once, and a hanging Sentinel is skipped.
      failoverDetector: true,
      sentinelCommandTimeout: commandTimeoutMs,
      sentinelReconnectStrategy: () => sentinelRetryMs,
    })
  },
  cluster({ commandTimeoutMs }, hosts, shared) {
    return new Cluster(nodesOf(hosts), {
      redisOptions: shared,
      enableOfflineQueue: false,
      slotsRefreshTimeout: commandTimeoutMs,
      // What a cluster that is down is asked again is over when the command's time is.
      maxRedirections: Math.max(2, Math.ceil(commandTimeoutMs / clusterRetryMs)),
      retryDelayOnClusterDown: clusterRetryMs,
      retryDelayOnFailover: clusterRetryMs,
      retryDelayOnTryAgain: clusterRetryMs,
      clusterRetryStrategy: attempt => Math.min(longestRetryMs, 50 * attempt),
    })
  },
}

const clusterRetryMs = 100
/** Time until the subscription to an unreachable Sentinel is retried. */
const sentinelRetryMs = 5000

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

/** Returns whether one server has every key, so that a script may touch several slots. */
export function isOneServer(connection: RedisConnection): boolean {
  return !(connection instanceof Cluster)
}

/**
 * Resolves when the connection can be used.
 * @throws GatewayError Overloaded after `timeoutMs`, with what Redis or the network last said
 */
export async function whenReady(connection: RedisConnection, timeoutMs: number): Promise<void> {
  if (connection.status === 'ready') return
  let fault = ''
  // A wrong password, a name that is not known, a server in protected mode: all of them only show as errors between
  // two attempts.
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

/** Redis' own texts can be a page long; the first sentence suffices. */
const longestFault = 160
