import { readFileSync } from "node:fs"
import { ConfigError } from "../config/config-error.ts"
import { parseEnvironmentFile } from "../config/environment-file.ts"
import { decode } from "../config/read-config-text.ts"
import { systemCodeOf } from "../domain/file-problem.ts"

/** Sets the variables of a file, over those that are set. Throws `ConfigError` when there is no such file. */
export function takeEnvironmentFile(path: string, env: NodeJS.ProcessEnv): void {
  Object.assign(env, parseEnvironmentFile(path, decode(path, readBytes(path))))
}

/** Named just now, it may also be a pipe: `--environment-file <(pass show proxy)`. */
function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const code = systemCodeOf(error)
    const problem = code === "ENOENT" ? `there is no file ${path}` : `${path} cannot be read (${code})`
    throw new ConfigError("--environment-file", null, problem, error)
  }
}
