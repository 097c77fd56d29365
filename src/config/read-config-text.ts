import { readFileSync } from "node:fs"
import { ConfigError } from "./config-error.ts"

/** The reader for `resolveConfig`: null when there is no such file. */
export function readConfigText(path: string): string | null {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error"
    if (code === "ENOENT" || code === "ENOTDIR") return null
    throw new ConfigError(path, null, `cannot be read (${code}); it must be a file that you may read`, error)
  }
}
