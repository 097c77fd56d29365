import { chmod } from "node:fs/promises"
import { findPackageJSON } from "node:module"
import { dirname, extname, join } from "node:path"
import { makeFolder } from "../workspace/agent-workspace.ts"
import { writeAtomic } from "../workspace/write-atomic.ts"

/**
 * Puts `ai-agent-proxy` where agents find it: this very program, on the Node that it runs on, however it was installed and
 * whatever PATH the service was started with. Resolves with its path.
 */
export async function writeAgentCommand(home: string): Promise<string> {
  // No agent has such a name, so that the folder is none's workspace.
  const folder = join(home, ".bin")
  await makeFolder(folder)
  const root = dirname(findPackageJSON(import.meta.url) ?? import.meta.filename)
  const isSource = extname(import.meta.filename) === ".ts"
  const main = join(root, isSource ? "src/main.ts" : "bin/ai-agent-proxy.cjs")
  const file = join(folder, "ai-agent-proxy")
  await writeAtomic(file, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(main)} "$@"\n`)
  await chmod(file, 0o700)
  return file
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`
}
