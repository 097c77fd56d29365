import { mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

export interface TempDir {
  /** Absolute, without symbolic links. */
  readonly path: string
  /** Deletes the folder with everything in it. Safe twice. */
  remove(): Promise<void>
}

/** A new empty folder of this test alone. */
export async function createTempDir(name = "test"): Promise<TempDir> {
  const path = await realpath(await mkdtemp(join(tmpdir(), `ai-agent-proxy-${name}-`)))
  return {
    path,
    // A CLI that was just ended may still be writing: rm tries again on ENOTEMPTY.
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  }
}
