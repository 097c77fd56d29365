import { hash, timingSafeEqual } from "node:crypto"

const bearerPattern = /^bearer +([^\s]+) *$/i

/** Looks the principal of an `Authorization` header up. */
export interface ApiKeys {
  readonly isEmpty: boolean
  /** Null: no key, or a wrong one. */
  principalOf(authorization: string | undefined): string | null
}

/**
 * Keys are compared as SHA-256 digests, all of them every time, so that neither the length nor a common prefix nor the
 * position of a key shows in the time that an answer takes.
 */
export function createApiKeys(keysByPrincipal: ReadonlyMap<string, string>): ApiKeys {
  const known = [...keysByPrincipal].map(([principal, key]) => ({
    principal,
    digest: digestOf(Buffer.from(key, "utf8")),
  }))
  return {
    isEmpty: known.length === 0,
    principalOf(authorization) {
      const key = bearerPattern.exec(authorization ?? "")?.[1]
      if (key === undefined) return null
      // Node hands header bytes over as Latin-1; a key with other letters was typed as UTF-8.
      const digest = digestOf(Buffer.from(key, "latin1"))
      let principal: string | null = null
      for (const candidate of known) {
        if (timingSafeEqual(candidate.digest, digest)) principal = candidate.principal
      }
      return principal
    },
  }
}

function digestOf(key: Buffer): Buffer {
  return hash("sha256", key, "buffer")
}
