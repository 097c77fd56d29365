import { copyFile, cp, mkdir } from "node:fs/promises"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "../../..")

/** The program that is tried, apart from the source tree, so that a build in between changes nothing. */
export interface Build {
  /** The command as a user has it on the PATH. */
  readonly launcher: string
}

/** Copies a build (null: the one in `dist/`) below `folder`. */
export async function copyBuild(dist: string | null, folder: string): Promise<Build> {
  const launcher = join(folder, "bin", "ai-agent-proxy.cjs")
  await mkdir(join(folder, "bin"), { recursive: true })
  await cp(dist === null ? join(root, "dist") : resolve(dist), join(folder, "dist"), { recursive: true })
  await copyFile(join(root, "bin", "ai-agent-proxy.cjs"), launcher)
  await copyFile(join(root, "package.json"), join(folder, "package.json"))
  return { launcher }
}
