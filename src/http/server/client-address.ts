import { BlockList, isIP, isIPv6, SocketAddress } from "node:net"

/** What a request comes over: the part of a socket that is looked at. */
interface Peer {
  readonly remoteAddress?: string | undefined
  readonly localAddress?: string | undefined
}

export interface ClientAddress {
  /** Of who asks, or of a proxy that does not say; null: a socket of the system, or a call. */
  readonly address: string | null
  /** The request came through a proxy that we were told to believe, and that says for whom. */
  readonly isBehindProxy: boolean
  /** A proxy brought it, one that we were told of or not, whoever it says it speaks for. */
  readonly isForwarded: boolean
  /** A program on this machine asks, without a proxy between: nobody elsewhere can be behind it. */
  readonly isOfThisMachine: boolean
}

/** As Node has them: names in lower case, what came more than once in a list or joined. */
type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** What a proxy adds to a request, whether it says by it for whom it speaks or not. */
const ofProxies = /^(?:x-forwarded(?:-.*)?|forwarded|via|x-real-ip)$/

const loopback = new BlockList()
loopback.addSubnet("127.0.0.0", 8, "ipv4")
loopback.addAddress("::1", "ipv6")

/**
 * Tells who is behind a request. `X-Forwarded-For` and `Forwarded` count only from proxies that are
 * configured: from anybody else they are what a client claims. Read from the near end: the first
 * hop that is no such proxy is the client. That a proxy is between is believed of anybody.
 */
export class ClientAddresses {
  readonly #proxies = new BlockList()

  /** Addresses and networks (`10.0.0.0/8`), checked before. */
  constructor(trustedProxies: readonly string[]) {
    for (const proxy of trustedProxies) addTo(this.#proxies, proxy)
  }

  of(peer: Peer | undefined, headers: RequestHeaders): ClientAddress {
    const near = readAddress(peer?.remoteAddress ?? "")
    const isForwarded = Object.keys(headers).some((name) => ofProxies.test(name))
    const isOfThisMachine = isOnThisMachine(peer, near) && !isForwarded
    const isBehindProxy = near !== null && namesClient(headers) && this.isTrusted(near)
    const address = isBehindProxy ? (this.#clientOf(near, headers) ?? near) : near
    return { address, isBehindProxy, isForwarded, isOfThisMachine }
  }

  isTrusted(address: string): boolean {
    return isIn(this.#proxies, address)
  }

  /** Null: the proxy does not say, or not in a form that can be believed. */
  #clientOf(near: string, headers: RequestHeaders): string | null {
    const [listed, forwarded] = [textOf(headers["x-forwarded-for"]), textOf(headers.forwarded)]
    const byList = listed === undefined ? undefined : this.#walk(near, hopsOfXForwardedFor(listed))
    const byForwarded = forwarded === undefined ? undefined : this.#walk(near, hopsOfForwarded(forwarded))
    if (byList === undefined || byForwarded === undefined) return byList ?? byForwarded ?? null
    // A proxy writes one of the two and may pass the client's own on as the other: where they
    // differ, neither is believed.
    return byList === byForwarded ? byList : null
  }

  /** To the first from the near end that is no proxy of ours; null: one has no address. */
  #walk(near: string, hops: readonly string[]): string | null {
    let address = near
    for (const hop of hops.toReversed()) {
      if (!this.isTrusted(address)) break
      const next = readAddress(hop)
      if (next === null) return null
      address = next
    }
    return address
  }
}

/** A connection from this machine, over whichever of its addresses; through a proxy or not. */
export function isOnThisMachine(
  peer: Peer | undefined,
  near = readAddress(peer?.remoteAddress ?? ""),
): boolean {
  // A socket of the system has no address, and nobody else reaches it.
  if (near === null) return true
  return isIn(loopback, near) || peer?.remoteAddress === peer?.localAddress
}

/** Addresses that one party has all of: of IPv6 the first half is what is given out. */
export function partyOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = "", tail] = address.split("::")
  const groups = head === "" ? [] : head.split(":")
  const rest = tail === undefined || tail === "" ? [] : tail.split(":")
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => "0")
  return `${[...groups, ...zeros, ...rest].slice(0, 4).join(":")}::/64`
}

function namesClient(headers: RequestHeaders): boolean {
  return headers["x-forwarded-for"] !== undefined || headers.forwarded !== undefined
}

function textOf(header: RequestHeaders[string]): string | undefined {
  return typeof header === "string" ? header : header?.join(", ")
}

function addTo(list: BlockList, network: string): void {
  const [text = "", prefix] = network.split("/")
  const address = readAddress(text)
  if (address === null) throw new TypeError(`'${network}' is not an address`)
  const family = isIPv6(address) ? "ipv6" : "ipv4"
  // IPv4 that is written as IPv6 has 96 bits in front of its own.
  const bitsBefore = family === "ipv4" && isIPv6(text) ? 96 : 0
  if (prefix === undefined) list.addAddress(address, family)
  else list.addSubnet(address, Math.max(0, Number(prefix) - bitsBefore), family)
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4")
}

/** Hops of one request that are looked at: more than any real way through proxies has. */
const maxHops = 32

/**
 * An address in the one form in which it is compared: without brackets, port and zone, IPv4 never
 * as IPv6. Null: it is no address, but a name that a proxy made up (`_hidden`, `unknown`), or
 * nothing at all.
 */
export function readAddress(text: string): string | null {
  const trimmed = text.trim()
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(trimmed)?.[1]
  const bare = bracketed ?? /^(\d+\.\d+\.\d+\.\d+)(?::\d{1,5})?$/.exec(trimmed)?.[1] ?? trimmed
  const address = bare.replace(/%.*$/, "")
  switch (isIP(address)) {
    case 4:
      return address
    case 6: {
      const canonical = new SocketAddress({ address, family: "ipv6" }).address
      return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical)?.[1] ?? canonical
    }
    default:
      return null
  }
}

/** The hops of `X-Forwarded-For`, the client's end first. */
function hopsOfXForwardedFor(header: string): readonly string[] {
  return header.split(",").slice(-maxHops)
}

/** Each `for` of `Forwarded` (RFC 7239), the client's end first; empty where there is none. */
function hopsOfForwarded(header: string): readonly string[] {
  return splitOutsideQuotes(header, ",")
    .slice(-maxHops)
    .map((element) => {
      for (const pair of splitOutsideQuotes(element, ";")) {
        const [, value] = /^\s*for\s*=\s*(.*?)\s*$/is.exec(pair) ?? []
        if (value !== undefined) return unquote(value)
      }
      return ""
    })
}

/** Commas and semicolons may stand inside of quotes. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = []
  let start = 0
  let isQuoted = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (isQuoted && character === "\\") index += 1
    else if (character === '"') isQuoted = !isQuoted
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

function unquote(value: string): string {
  if (!value.startsWith('"') || !value.endsWith('"') || value.length < 2) return value
  return value.slice(1, -1).replace(/\\(.)/gs, "$1")
}
