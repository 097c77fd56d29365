import { createHash } from "node:crypto"
import type { FunctionTool } from "../../../domain/items.ts"
import type { NameRules } from "./function-rules.ts"

const usualOwner = "client"
/** Of the name in hexadecimal: what keeps cut names apart. */
const hashLength = 8

/**
 * The client's function names and the names under which a CLI is handed them; equal except where
 * the CLI would refuse, cut or confuse them. An alias follows from the name alone where it can: it
 * stays when other functions come and go.
 */
export class FunctionNames {
  readonly #rules: NameRules
  readonly #toNative = new Map<string, string>()
  readonly #fromNative = new Map<string, string>()
  /** The native ones as JavaScript has them. */
  readonly #used: ReadonlySet<string>

  constructor(tools: readonly Pick<FunctionTool, "name" | "owner">[], rules: NameRules) {
    this.#rules = rules
    const asked = new Set(tools.map((tool) => identifierOf(tool.name)))
    const used = new Set<string>()
    for (const { name, owner } of tools) {
      const native = nativeName(name, owner, { rules, used, asked })
      used.add(identifierOf(native))
      this.#toNative.set(name, native)
      this.#fromNative.set(native, name)
    }
    this.#used = used
  }

  /**
   * Also of a function that is in the history and not offered (any more): it is to be taken neither
   * for the agent's own nor for one that is offered, and model servers refuse a history with names
   * that they do not take.
   */
  toNative(name: string): string {
    const known = { rules: this.#rules, used: this.#used, asked: this.#used }
    return this.#toNative.get(name) ?? nativeName(name, usualOwner, known)
  }

  /** Null: no function of the client, so a call of it is refused. */
  fromNative(name: string): string | null {
    return this.#fromNative.get(name) ?? null
  }

  has(nativeName: string): boolean {
    return this.#fromNative.has(nativeName)
  }

  /** As the CLI is handed them. */
  get native(): readonly string[] {
    return [...this.#fromNative.keys()]
  }
}

interface KnownNames {
  readonly rules: NameRules
  /** Native names that are given away. */
  readonly used: ReadonlySet<string>
  /** Those that a function may have as it is. */
  readonly asked: ReadonlySet<string>
}

function nativeName(name: string, owner: string | undefined, { rules, used, asked }: KnownNames): string {
  const { maxLength, isReserved } = rules
  const letters = name.replace(/[^a-zA-Z0-9_-]/g, "_")
  const plain = letters.length > maxLength ? cutName(letters, name, maxLength) : letters
  if (plain !== "" && !isReserved(plain) && !used.has(identifierOf(plain))) return plain
  const has = (native: string) => asked.has(identifierOf(native)) || used.has(identifierOf(native))
  return unused(`${owner ?? usualOwner}_${plain}`.slice(0, maxLength), { has }, maxLength)
}

/** Names that differ anywhere are cut to names that differ. */
function cutName(letters: string, name: string, maxLength: number): string {
  const hash = createHash("sha256").update(name).digest("hex").slice(0, hashLength)
  return `${letters.slice(0, maxLength - hashLength - 1)}_${hash}`
}

/** In code mode `get-dash` and `get_dash` are one JavaScript name. */
function identifierOf(name: string): string {
  return name.includes("-") ? name.replaceAll("-", "_") : name
}

/** It, or it with a number behind it; 64 characters are what model servers take. */
export function unused(id: string, used: Pick<ReadonlySet<string>, "has">, maxLength = 64): string {
  let found = id
  for (let number = 2; used.has(found); number++) {
    const ending = `_${number}`
    found = id.slice(0, maxLength - ending.length) + ending
  }
  return found
}
