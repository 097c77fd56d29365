import { isIP, SocketAddress } from "node:net"

/** Hops of one request that are looked at: more than any real way through proxies has. */
const maxHops = 32

/**
 * An address in the one form in which it is compared: without brackets, port and zone, IPv4 never as IPv6. Null: it is no
 * address, but a name that a proxy made up (`_hidden`, `unknown`), or nothing at all.
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
export function hopsOfXForwardedFor(header: string): readonly string[] {
  return header.split(",").slice(-maxHops)
}

/** The `for` of each element of `Forwarded` (RFC 7239), the client's end first; empty where an element has none. */
export function hopsOfForwarded(header: string): readonly string[] {
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
