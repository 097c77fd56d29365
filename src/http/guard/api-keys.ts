import { Credentials } from "../../domain/credentials.ts"

const bearerPattern = /^bearer +([^\s]+) *$/i

/** Looks the principal of an `Authorization` header up. */
export class ApiKeys {
  readonly #keys = new Credentials<string>()

  constructor(keysByPrincipal: ReadonlyMap<string, string>) {
    for (const [principal, key] of keysByPrincipal) this.#keys.add(key, principal)
  }

  get isEmpty(): boolean {
    return this.#keys.isEmpty
  }

  /** Null: no key, or a wrong one. */
  principalOf(authorization: string | undefined): string | null {
    const key = bearerPattern.exec(authorization ?? "")?.[1]
    // Node hands header bytes over as Latin-1; a key with other letters was typed as UTF-8.
    return key === undefined ? null : this.#keys.ownerOf(Buffer.from(key, "latin1"))
  }
}
