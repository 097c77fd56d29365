import { Credentials } from "../../domain/credentials.ts"

const bearerPattern = /^bearer +([^\s]+) *$/i

/** Looks the principal of an `Authorization` header up. */
export interface ApiKeys {
  readonly isEmpty: boolean
  /** Null: no key, or a wrong one. */
  principalOf(authorization: string | undefined): string | null
}

export function createApiKeys(keysByPrincipal: ReadonlyMap<string, string>): ApiKeys {
  const keys = new Credentials<string>()
  for (const [principal, key] of keysByPrincipal) keys.add(key, principal)
  return {
    isEmpty: keys.isEmpty,
    principalOf(authorization) {
      const key = bearerPattern.exec(authorization ?? "")?.[1]
      // Node hands header bytes over as Latin-1; a key with other letters was typed as UTF-8.
      return key === undefined ? null : keys.ownerOf(Buffer.from(key, "latin1"))
    },
  }
}
