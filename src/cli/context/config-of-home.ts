import { homedir } from "node:os"
import type { Config } from "../../config/config.ts"
import { readConfigText } from "../../config/read-config-text.ts"
import { resolveConfig } from "../../config/resolve-config.ts"

/** The configuration of the service of this home, as this terminal would start it. Throws `ConfigError`. */
export function configOfHome(home: string): Config {
  return resolveConfig({
    flags: { home },
    env: process.env,
    homeDir: homedir(),
    cwd: process.cwd(),
    readFile: readConfigText,
  })
}
