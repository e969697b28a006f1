import { lookup } from 'node:dns/promises'
import type { BlockList } from 'node:net'
import { GatewayError, invalidField } from '#services/contract/errors'
import { allowedUrl, type AllowedUrls } from './allowed-url.ts'
import { download, type Allowance, type PinnedAddress } from './download.ts'
import { isInside, readNetworks } from './inside-addresses.ts'

/** From where parts may be fetched, and how much. */
export interface FetchLimits extends AllowedUrls {
  /** Inside networks that may be fetched from all the same, as `address/bits`. */
  readonly networks: readonly string[]
  readonly redirects: number
  /** Of one part, and of all parts of a request together. */
  readonly bytes: number
  readonly requestBytes: number
  /** From the first look-up to the last byte, redirects included. */
  readonly timeoutMs: number
  /** Fetches that one router has under way. */
  readonly atOnce: number
}

/** Every address of a host name. */
export type ResolveHost = (host: string) => Promise<readonly PinnedAddress[]>

/**
 * Fetches a part by its address.
 * @throws GatewayError InvalidRequest that names the field, Overloaded when too much is fetched already
 */
export type FetchPart = (uri: string, field: string, signal: AbortSignal) => Promise<Uint8Array>

const resolveBySystem: ResolveHost = host => lookup(host, { all: true })

/**
 * Makes the fetchers, one a request: listed schemes, hosts and ports only, never to an inside address, bounded in
 * time and size. A redirect is held to the same as the first address. The address that was checked is the one
 * connected to, so a name that changes between the two gains nothing.
 */
export function createFetchPart(limits: FetchLimits, resolve: ResolveHost = resolveBySystem): () => FetchPart {
  const networks = readNetworks(limits.networks)
  let underWay = 0
  return () => {
    const allowance: Allowance = { partBytes: limits.bytes, leftBytes: limits.requestBytes }
    return async (uri, field, signal) => {
      const at = `${field}.uri`
      if (underWay >= limits.atOnce) {
        const details = { stage: 'admit', reason: 'FETCHES_FULL', retryAfterMs: 1000 }
        throw new GatewayError('Overloaded', 'the router fetches as many parts as it may', details)
      }
      // `AbortSignal.any` holds its timed source weakly: once memory is collected, Node 20 never fires it.
      const stop = new AbortController()
      const end = (): void => stop.abort()
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
      const timer = setTimeout(end, limits.timeoutMs)
      const timed = stop.signal
      underWay += 1
      try {
        return await follow(allowedUrl(uri, limits, at), { limits, networks, resolve, allowance, at, signal: timed })
      } catch (error) {
        if (error instanceof GatewayError) throw error
        if (signal.aborted) throw new GatewayError('Cancelled', 'the caller has left', { stage: 'admit' })
        throw invalidField(at, timed.aborted ? 'it did not come in time' : 'it could not be fetched')
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        underWay -= 1
      }
    }
  }
}

interface Following {
  readonly limits: FetchLimits
  readonly networks: BlockList
  readonly resolve: ResolveHost
  readonly allowance: Allowance
  readonly at: string
  readonly signal: AbortSignal
}

async function follow(first: URL, following: Following): Promise<Uint8Array> {
  const { limits, allowance, at, signal } = following
  let url = first
  for (let hops = 0; hops <= limits.redirects; hops += 1) {
    const pinned = await outsideAddress(url.hostname, following)
    const downloaded = await download({ url, pinned }, allowance, at, signal)
    if ('bytes' in downloaded) return downloaded.bytes
    url = allowedUrl(downloaded.location, limits, at, url)
  }
  throw invalidField(at, limits.redirects === 0 ? 'redirects are not followed' : 'it is redirected too often')
}

async function outsideAddress(hostname: string, { networks, resolve, at, signal }: Following): Promise<PinnedAddress> {
  // URLs write IPv6 addresses in brackets.
  const host = hostname.replaceAll(/^\[|\]$/gu, '')
  const addresses = await unlessAborted(
    resolve(host).catch(() => []),
    signal,
  )
  const [first] = addresses
  if (first === undefined) throw invalidField(at, 'its host has no address')
  // One inside address is enough: which of them a client connects to would be a matter of luck.
  if (addresses.some(({ address }) => isInside(address, networks)))
    throw invalidField(at, 'its host has an inside address')
  return first
}

/** Stops waiting for work that cannot itself be stopped, as the resolving of names. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('aborted'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
