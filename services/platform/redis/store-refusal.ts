/** Why Redis cannot serve now, in its own words for it: a closed set, for labels and reasons. */
export type StoreRefusal =
  | 'full'
  | 'disk'
  | 'no-replicas'
  | 'read-only'
  | 'busy'
  | 'loading'
  | 'cluster-down'
  | 'try-again'
  | 'master-down'
  | 'credentials'
  | 'connections'

/** Every refusal, for what counts them. */
export const storeRefusals: readonly StoreRefusal[] = [
  'full',
  'disk',
  'no-replicas',
  'read-only',
  'busy',
  'loading',
  'cluster-down',
  'try-again',
  'master-down',
  'credentials',
  'connections',
]

/**
 * The words by which Redis and Valkey begin an error that has to do with their state, and not with the command. In
 * a script's error the word stands at its beginning (7.0 and later) or inside (`…: -OOM command not allowed`, 6.2),
 * and in that of a transaction in one of its causes.
 * @source Redis 7.0 src/server.c `createSharedObjects`, src/cluster.c `clusterRedirectClient`, src/script.c
 */
const words: Readonly<Record<string, StoreRefusal>> = {
  OOM: 'full',
  MISCONF: 'disk',
  NOREPLICAS: 'no-replicas',
  READONLY: 'read-only',
  BUSY: 'busy',
  UNKILLABLE: 'busy',
  LOADING: 'loading',
  CLUSTERDOWN: 'cluster-down',
  TRYAGAIN: 'try-again',
  MASTERDOWN: 'master-down',
  NOMASTERLINK: 'master-down',
  NOAUTH: 'credentials',
  WRONGPASS: 'credentials',
}

const pattern = new RegExp(`(?:^|[\\s-])(${Object.keys(words).join('|')})(?= )`, 'u')
/** Said without a word of its own. */
const tooMany = /max number of clients/iu

/**
 * Reads the state out of an error that Redis gave, be it of a command, of a script, or of a transaction;
 * `undefined` for any other.
 */
export function refusalOf(thrown: unknown): StoreRefusal | undefined {
  if (!(thrown instanceof Error)) return undefined
  const word = pattern.exec(thrown.message)?.[1]
  if (word !== undefined) return words[word]
  if (tooMany.test(thrown.message)) return 'connections'
  return causesOf(thrown)
    .map(refusalOf)
    .find(refusal => refusal !== undefined)
}

/** The errors that an error is about: of the commands of a transaction, of the nodes of a cluster, and its cause. */
function causesOf(error: Error & { previousErrors?: unknown; lastNodeError?: unknown }): readonly unknown[] {
  const { previousErrors, lastNodeError, cause } = error
  const earlier = typeof previousErrors === 'object' && previousErrors !== null ? Object.values(previousErrors) : []
  return [...earlier, lastNodeError, cause].filter(one => one !== undefined && one !== error)
}
