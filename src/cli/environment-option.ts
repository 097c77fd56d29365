import { ConfigError } from "../config/config-error.ts"
import { parseEnvironmentFile } from "../config/environment-file.ts"
import { readConfigText } from "../config/read-config-text.ts"

/** Sets the variables of a file, over those that are set. Throws `ConfigError` when there is no such file. */
export function takeEnvironmentFile(path: string, env: NodeJS.ProcessEnv): void {
  const text = readConfigText(path)
  if (text === null) throw new ConfigError("--environment-file", null, `there is no file ${path}`)
  Object.assign(env, parseEnvironmentFile(text))
}
