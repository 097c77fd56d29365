import { chmod, readFile, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { stubLauncher } from "../../../bench/support/stub-launcher.ts"

const stub = resolve(import.meta.dirname, "../../../bench/stub-agent.ts")

/** The bench's agent without a model as a CLI. */
export interface StubCli {
  /** To be given as `--cli`. */
  readonly path: string
  /** How many turns it was asked for; only where they are counted. */
  turns(): Promise<number>
}

/** `countsTurns`: what it is told goes through a file, where turns can be counted. */
export async function createStubCli(folder: string, countsTurns = false): Promise<StubCli> {
  const path = join(folder, "stub-codex")
  const asked = join(folder, "asked.jsonl")
  const launcher = stubLauncher(process.execPath, stub)
  const start = `exec '${process.execPath}' '${stub}'`
  await writeFile(path, countsTurns ? launcher.replace(start, `tee -a '${asked}' | ${start}`) : launcher)
  await chmod(path, 0o755)
  await writeFile(asked, "")
  return { path, turns: async () => (await readFile(asked, "utf8")).split('"turn/start"').length - 1 }
}
