import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** Path of a scripted agent of this folder. */
export function agentPath(name: string): string {
  return join(import.meta.dirname, name)
}

/** What scripted agents run with: the shell's tools and this Node. */
export function agentEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, LANG: "C.UTF-8", ...more }
}

/** The calls that a shell agent has recorded, each as its arguments. */
export function recordedCalls(file: string): readonly (readonly string[])[] {
  if (!existsSync(file)) return []
  return readFileSync(file, "utf8")
    .split("\u0001")
    .slice(0, -1)
    .map((call) => call.split("\0").slice(0, -1))
}

/** Pids that an agent has written to its file PIDS. */
export function recordedPids(file: string): readonly number[] {
  if (!existsSync(file)) return []
  return readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number)
}

/** What each process of `json-agent.ts` got. */
export function recordedRuns(file: string): readonly {
  readonly argv: readonly string[]
  readonly stdin: string | null
  readonly contents: readonly string[]
}[] {
  if (!existsSync(file)) return []
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}
