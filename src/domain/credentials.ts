import { hash, randomBytes } from "node:crypto"

/**
 * Whose secrets are. Kept and looked for as SHA-256 digests, so that neither the length nor the
 * beginning of a secret shows in the time that an answer takes.
 */
export class Credentials<Owner> {
  readonly #owners = new Map<string, Owner>()

  get isEmpty(): boolean {
    return this.#owners.size === 0
  }

  owners(): Iterable<Owner> {
    return this.#owners.values()
  }

  add(secret: string | Uint8Array, owner: Owner): void {
    this.#owners.set(digestOf(secret), owner)
  }

  remove(secret: string): void {
    this.#owners.delete(digestOf(secret))
  }

  clear(): void {
    this.#owners.clear()
  }

  ownerOf(secret: string | Uint8Array): Owner | null {
    return this.#owners.get(digestOf(secret)) ?? null
  }
}

/** A token that nobody can guess. */
export function newToken(prefix: string): string {
  return prefix + randomBytes(32).toString("base64url")
}

function digestOf(secret: string | Uint8Array): string {
  return hash("sha256", secret, "base64")
}
