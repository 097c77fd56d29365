import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** How a turn stands in codex's own log: begun, over, or ended by an interrupt. */
type Mark = "task_started" | "task_complete" | "turn_aborted"

const marks: ReadonlySet<string> = new Set<Mark>(["task_started", "task_complete", "turn_aborted"])

/** What codex itself logged of the turns of one thread, in order; `home` is `CODEX_HOME`. */
export function turnsInLog(home: string, threadId: string): readonly string[] {
  const folder = join(home, "sessions")
  const [name, ...others] = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(`${threadId}.jsonl`),
  )
  if (name === undefined || others.length > 0) throw new Error(`not one log of codex's thread ${threadId}`)
  const lines = readFileSync(join(folder, name), "utf8").split("\n")
  return lines
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
    .filter((line) => line.type === "event_msg" && marks.has(line.payload.type))
    .map((line) => line.payload.type)
}
