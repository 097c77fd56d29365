import { isIP } from "node:net"

const hostPattern = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i

/** A `Host` header taken apart; null when it is not one. `name` is lower case and without brackets. */
export function parseHost(host: string): { readonly name: string; readonly port: string | null } | null {
  const match = hostPattern.exec(host)
  const name = match?.[1]?.toLowerCase()
  if (name === undefined) return null
  return { name: name.startsWith("[") ? name.slice(1, -1) : name, port: match?.[2] ?? null }
}

/** A name that leads to this machine, and that nobody else can own. */
export function isLoopbackName(name: string): boolean {
  if (name === "localhost" || name.endsWith(".localhost") || name === "::1") return true
  return isIP(name) === 4 && name.startsWith("127.")
}
