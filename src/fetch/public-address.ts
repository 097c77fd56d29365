import { BlockList, isIPv4, isIPv6 } from "node:net"

/**
 * Ranges that are not (or not only) the public internet, by the special-purpose registries of the
 * IANA, and the one public address that is a machine's own cloud (Azure's host, which hands out
 * secrets).
 */
const closedIPv4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["168.63.129.16", 32],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
]

/** Parts of `2000::/3` that are not the public internet, or hide an IPv4 address. */
const closedIPv6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
]

const closed = new BlockList()
for (const [network, prefix] of closedIPv4) closed.addSubnet(network, prefix, "ipv4")
for (const [network, prefix] of closedIPv6) closed.addSubnet(network, prefix, "ipv6")

/** Else IPv6 is loopback, link-local, unique local, multicast, mapped IPv4, or unassigned. */
const globalUnicast = new BlockList()
globalUnicast.addSubnet("2000::", 3, "ipv6")

/** True for an address (no name, no zone, no brackets) of the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !closed.check(address, "ipv4")
  if (!isIPv6(address) || address.includes("%")) return false
  return globalUnicast.check(address, "ipv6") && !closed.check(address, "ipv6")
}
