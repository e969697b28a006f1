import { lookup as resolveName } from 'node:dns/promises'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'
import { GatewayError, invalidField } from '../../shared/contract/errors.ts'

/** From where parts may be fetched. */
export interface FetchLimits {
  /** Host names, or `.example.org` for every host under it. Empty means that nothing is fetched. */
  readonly allow: readonly string[]
  readonly bytes: number
  readonly timeoutMs: number
}

/** Fetches a part by its address. @throws GatewayError InvalidRequest that names the field */
export type FetchPart = (uri: string, field: string, signal: AbortSignal) => Promise<Uint8Array>

/** Addresses that are nobody's public server; IPv4 written as IPv6 is held to the rules of IPv4. @source IANA IPv4 and IPv6 Special-Purpose Address Registries */
const inside = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
  ['192.0.2.0', 24],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
] as const) {
  inside.addSubnet(network, bits, 'ipv4')
}
for (const [network, bits] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  // Tunnels that carry an IPv4 address inside: Teredo and 6to4.
  ['2001::', 32],
  ['2002::', 16],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  inside.addSubnet(network, bits, 'ipv6')
}

/** Tells whether an address must not be fetched from. */
export function isInside(address: string): boolean {
  const family = isIP(address)
  return family === 0 || inside.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Makes the fetcher: https only, listed hosts only, never to an inside address, no redirects, bounded in time and size. The address
 * that was checked is the one connected to, so a name that changes between the two gains nothing.
 */
export function createFetchPart(limits: FetchLimits): FetchPart {
  return async (uri, field, signal) => {
    const at = `${field}.uri`
    const url = allowedUrl(uri, limits.allow, at)
    const timed = AbortSignal.any([signal, AbortSignal.timeout(limits.timeoutMs)])
    try {
      const address = await unlessAborted(outsideAddress(url.hostname, at), timed)
      return await download(url, address, limits.bytes, at, timed)
    } catch (error) {
      if (error instanceof GatewayError) throw error
      if (signal.aborted) throw new GatewayError('Cancelled', 'the caller has left', { stage: 'admit' })
      throw invalidField(at, timed.aborted ? 'it did not come in time' : 'it could not be fetched')
    }
  }
}

function allowedUrl(uri: string, allow: readonly string[], at: string): URL {
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (url === undefined || url.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    throw invalidField(at, 'expected an https:// address without credentials')
  }
  if (allow.some(host => isAllowed(url.hostname, host))) return url
  throw invalidField(at, 'its host is not one that parts are fetched from')
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

async function outsideAddress(host: string, at: string): Promise<{ address: string; family: number }> {
  const addresses = await resolveName(host, { all: true }).catch(() => [])
  const [first] = addresses
  if (first === undefined) throw invalidField(at, 'its host has no address')
  if (addresses.some(({ address }) => isInside(address))) throw invalidField(at, 'its host has an inside address')
  return first
}

function isAllowed(host: string, allowed: string): boolean {
  return allowed.startsWith('.') ? host.endsWith(allowed) : host === allowed
}

function download(
  url: URL,
  pinned: { readonly address: string; readonly family: number },
  mostBytes: number,
  at: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      url,
      {
        signal,
        lookup: (_host, options, done) => {
          if (options.all === true) done(null, [{ address: pinned.address, family: pinned.family }])
          else done(null, pinned.address, pinned.family)
        },
      },
      response => {
        if (response.statusCode !== 200) {
          response.destroy()
          reject(invalidField(at, `its host answered ${response.statusCode ?? 0}; redirects are not followed`))
          return
        }
        gather(response, mostBytes, at).then(resolve, reject)
      },
    )
    request.once('error', reject)
    request.end()
  })
}

async function gather(response: IncomingMessage, mostBytes: number, at: string): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    const bytes: Buffer = chunk
    size += bytes.byteLength
    if (size > mostBytes) throw invalidField(at, `it has more than ${mostBytes} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
