import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Of the home: only its owner reads it. */
const fileName = "connect-history"
const maxLines = 500
/** A pasted file is no message to be typed again. */
const maxLength = 10_000

/** What was typed in earlier talks, the newest first. */
export function readHistory(home: string): readonly string[] {
  try {
    const lines = readFileSync(join(home, fileName), "utf8").split("\n")
    return lines.filter((line) => line !== "").slice(0, maxLines)
  } catch {
    // None yet, or not to be read: a talk goes without.
    return []
  }
}

export function writeHistory(home: string, lines: readonly string[]): void {
  const isKept = (line: string): boolean =>
    line.length <= maxLength && !line.includes("\n") && !/^\/?(?:exit|quit)$/.test(line)
  const kept = lines.filter(isKept).slice(0, maxLines)
  try {
    writeFileSync(join(home, fileName), `${kept.join("\n")}\n`, { mode: 0o600 })
  } catch {
    // A full or read-only disk: the talk matters, not what was typed in it.
  }
}
