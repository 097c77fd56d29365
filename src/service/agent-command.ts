import { chmod } from "node:fs/promises"
import { findPackageJSON } from "node:module"
import { dirname, extname, join } from "node:path"
import { writeAtomic } from "../disk/write-atomic.ts"
import { makeFolder } from "../workspace/agent/agent-workspace.ts"

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
  await writeAtomic(file, script(process.execPath, main))
  await chmod(file, 0o700)
  return file
}

/** Agents are told in words when an upgrade has taken the program, or its Node, away. */
function script(node: string, main: string): string {
  const [program, file] = [quoted(node), quoted(main)]
  return `#!/bin/sh
for file in ${program} ${file}; do
  [ -e "$file" ] && continue
  echo "ai-agent-proxy: $file is not there any more: the program was replaced or removed while the service runs." \\
    "It has to be restarted by whoever runs it, with: ai-agent-proxy restart" >&2
  exit 1
done
exec ${program} ${file} "$@"
`
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`
}
