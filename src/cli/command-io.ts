import { homedir } from "node:os"
import { resolveHome } from "../config/resolve-config.ts"

/** Of every command that reads or changes something. */
export interface CommonFlags {
  readonly home?: string
  readonly json?: boolean
}

/** Absolute. Throws `ConfigError`. */
export function homeOf({ home }: CommonFlags): string {
  return resolveHome({
    flags: { home },
    env: process.env,
    homeDir: homedir(),
    cwd: process.cwd(),
    readFile: () => null,
  })
}

/** Data: on stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** The result of a command as one JSON value. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** Words for people: on stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Colours only for a person's eyes, and not against their wish (no-color.org). */
export function hasColors(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb"
}

/** The path as people write it. */
export function shortPath(path: string): string {
  const home = homedir()
  return path === home || path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
}
