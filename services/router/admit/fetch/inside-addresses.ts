import { BlockList, isIP } from 'node:net'

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
  // Relays of 6to4, which carry an address inside an address.
  ['192.88.99.0', 24],
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
  ['100::', 64],
  // Tunnels that carry an IPv4 address inside: Teredo and 6to4.
  ['2001::', 23],
  ['2002::', 16],
  ['2001:db8::', 32],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  inside.addSubnet(network, bits, 'ipv6')
}

/** Networks of the deployment's own that may be fetched from all the same, such as `10.20.0.0/16`. */
export function readNetworks(cidrs: readonly string[]): BlockList {
  const networks = new BlockList()
  for (const cidr of cidrs) {
    const [network = '', bits = ''] = cidr.split('/')
    networks.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4')
  }
  return networks
}

/** Tells whether an address must not be fetched from. */
export function isInside(address: string, allowed?: BlockList): boolean {
  const family = isIP(address)
  if (family === 0) return true
  const kind = family === 6 ? 'ipv6' : 'ipv4'
  return inside.check(address, kind) && allowed?.check(address, kind) !== true
}
