import { randomBytes } from "node:crypto"
import { chmod, mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Config } from "../config/config.ts"
import { formatEnvironmentFile } from "../config/environment-file.ts"
import { isLoopback } from "../config/is-loopback.ts"
import { settings } from "../config/settings.ts"
import { writeAtomic } from "../workspace/write-atomic.ts"

/**
 * An API key is shell access: a service that others on the network can reach has one. Where none is configured it is
 * made, printed once and kept in `secrets` (0600). `isAuthOff` is a person's word that they want it open.
 */
export async function ensureApiKey(
  config: Config,
  options: { readonly isAuthOff: boolean; readonly print: (line: string) => void },
): Promise<Config> {
  if (config.apiKeys.size > 0) return config
  if (isLoopback(config.host)) return config
  if (options.isAuthOff) {
    options.print(
      `WARNING: ${config.host} is served without a key. Whoever reaches it can run commands as you.`,
    )
    return config
  }
  const key = `sk-${randomBytes(24).toString("base64url")}`
  await mkdir(config.home, { recursive: true, mode: 0o700 })
  const path = join(config.home, "secrets")
  const before = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return ""
    throw error
  })
  // First: what cuts the file between two lines does not take the key only.
  await writeAtomic(path, formatEnvironmentFile({ [settings.apiKey.variable]: key }) + before)
  await chmod(path, 0o600)
  options.print(
    `Made an API key, because ${config.host} can be reached by others. It is kept in ${path}:\n\n  ${key}\n`,
  )
  return Object.freeze({ ...config, apiKeys: new Map([["owner", key]]) })
}
