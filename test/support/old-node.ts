import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"

/** The machine's own Node, if it is one that the launcher has to start another for; null: there is none. */
export const oldNode: string | null =
  ["/usr/bin/node", "/usr/local/bin/node"].find((path) => {
    if (!existsSync(path)) return false
    const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" })
    return Number(/^v(\d+)/.exec(stdout)?.[1]) < 24
  }) ?? null
