import { type SpawnSyncReturns, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A mount namespace of its own: nothing outside sees what is mounted, and it ends with the program. */
const namespace =
  process.getuid?.() === 0 ? ["--mount", "--propagation", "private"] : ["--mount", "--map-root-user"]

/** Why no file system of its own can be had for a test; null: one can. */
export const noMountReason: string | null = reasonOf()

/** The arguments of `unshare` that run `script` by bash, with a small file system at `folder`, as root of its namespace. */
export function onSmallDisk(folder: string, script: string, size = "1m"): readonly string[] {
  const mount = `mount -t tmpfs -o size=${size},mode=700 tmpfs "$0"`
  return [...namespace, "bash", "-c", `${mount} && ${script}`, folder]
}

function reasonOf(): string | null {
  const folder = mkdtempSync(join(tmpdir(), "ai-agent-proxy-mount-"))
  try {
    const tried: SpawnSyncReturns<string> = spawnSync("unshare", onSmallDisk(folder, "true"), {
      encoding: "utf8",
    })
    if (tried.error !== undefined) return `unshare cannot be started: ${tried.error.message}`
    return tried.status === 0 ? null : `no mount namespace can be had: ${tried.stderr.trim()}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}
