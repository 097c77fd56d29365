import { readdirSync, statSync } from "node:fs"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "../..")

/**
 * What Node runs as `ai-agent-proxy`: the built program where it is newer than everything it is made from, as after `make test`,
 * for it starts three times as fast; else the source.
 */
export const mainProgram = isBuilt() ? join(root, "bin/ai-agent-proxy.cjs") : join(root, "src/main.ts")

function isBuilt(): boolean {
  try {
    const builtAt = statSync(join(root, "dist/main.js")).mtimeMs
    const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    const made = [
      ...sources.map((name) => `src/${name}`),
      "package.json",
      "package-lock.json",
      "scripts/build.ts",
    ]
    return made.every((name) => statSync(join(root, name)).mtimeMs < builtAt)
  } catch {
    // It was never built, or is being built right now.
    return false
  }
}
