import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

const targets: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-musl",
  "linux-arm64": "aarch64-unknown-linux-musl",
  "darwin-x64": "x86_64-apple-darwin",
  "darwin-arm64": "aarch64-apple-darwin",
}

/** The launcher as `npm` links it: what a user has on the PATH. */
export function codexExecutable(): string {
  return join(root, "node_modules", ".bin", "codex")
}

/** The native program behind the launcher, for tests that count processes or measure its start. */
export function codexNativeBinary(): string {
  const platform = `${process.platform}-${process.arch}`
  const target = targets[platform]
  if (target === undefined) throw new Error(`no codex for ${platform}`)
  const launcher = createRequire(join(root, "node_modules", "@openai", "codex", "package.json"))
  const packageFolder = dirname(launcher.resolve(`@openai/codex-${platform}/package.json`))
  const binary = join(packageFolder, "vendor", target, "bin", "codex")
  if (!existsSync(binary)) throw new Error(`codex is not installed: no ${binary}`)
  return binary
}
