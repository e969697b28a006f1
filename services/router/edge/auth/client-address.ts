import { isIP, type BlockList } from 'node:net'

/** Returns where a call comes from: the peer of its connection, or the client that a trusted proxy names. */
export type ClientAddress = (peer: string, forwardedFor: readonly string[]) => string

/**
 * Makes the rule. Of `x-forwarded-for`, the last address that is no trusted proxy is the client: what stands before
 * it is the client's own word. A peer that is no trusted proxy is the client itself, whatever it sends.
 */
export function createClientAddress(proxies: BlockList): ClientAddress {
  if (proxies.rules.length === 0) return peer => peer
  const isProxy = (address: string): boolean => {
    const family = isIP(address)
    return family !== 0 && proxies.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
  return (peer, forwardedFor) => {
    if (!isProxy(hostOf(peer))) return peer
    const hops = forwardedFor.flatMap(header => header.split(',')).map(hop => hostOf(hop.trim()))
    const client = hops.findLast(hop => !isProxy(hop))
    return client !== undefined && isIP(client) !== 0 ? client : peer
  }
}

/** An address without port and brackets. */
function hostOf(address: string): string {
  if (isIP(address) !== 0) return address
  return address.replace(/:\d+$/u, '').replaceAll(/[[\]]/gu, '')
}
