import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

/** Not text, and not of the agents: the ledger, and what a daemon has while it runs. */
const others = /^(?:state\.db.*|daemon\..*|filler)$/

/** All files below a folder with what is in them. */
export function contentsOf(folder: string): Readonly<Record<string, string>> {
  if (!existsSync(folder)) return {}
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => !others.test(name),
  )
  const files = names.filter((name) => statSync(join(folder, name)).isFile())
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]))
}
