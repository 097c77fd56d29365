import type { Config } from "./config.ts"
import { ownerPrincipal } from "./settings.ts"

/** Everybody who can ask for anything. The owner can without a key of that name, on the socket in the home. */
export function principalsOf({ apiKeys }: Pick<Config, "apiKeys">): ReadonlySet<string> {
  return new Set([ownerPrincipal, ...apiKeys.keys()])
}
