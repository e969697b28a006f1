import ipaddr from 'ipaddr.js'
import { BlockList, isIP } from 'node:net'

/**
 * The one block of IPv6 from which public addresses are given out.
 * @source IANA IPv6 Address Space: the rest is reserved
 */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/** Networks of the deployment's own that may be fetched from all the same, such as `10.20.0.0/16`. */
export function readNetworks(cidrs: readonly string[]): BlockList {
  const networks = new BlockList()
  for (const cidr of cidrs) {
    const [network = '', bits = ''] = cidr.split('/')
    networks.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4')
  }
  return networks
}

/** Returns whether an address must not be fetched from: whatever is no public server's, and whatever is no address. */
export function isInside(address: string, allowed?: BlockList): boolean {
  const family = isIP(address)
  if (family === 0) return true
  return !isPublic(address) && allowed?.check(address, family === 6 ? 'ipv6' : 'ipv4') !== true
}

/**
 * IPv4 written as IPv6 is held to the rules of IPv4; any other address that carries an IPv4 address inside is no
 * public one.
 */
function isPublic(address: string): boolean {
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  return parsed instanceof ipaddr.IPv4 || parsed.match(globalUnicast)
}
