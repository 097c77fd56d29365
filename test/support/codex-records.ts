import { readdirSync } from "node:fs"
import { join } from "node:path"

/** The CLI's own records of threads in a codex home, as paths below it. What codex makes for a moment in `.tmp` is not looked at. */
export function codexRecords(home: string): readonly string[] {
  return readdirSync(home, { withFileTypes: true })
    .filter(({ name }) => name !== ".tmp")
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirSync(join(home, entry.name), { recursive: true, encoding: "utf8" }).map((file) =>
            join(entry.name, file),
          )
        : [entry.name],
    )
    .filter((file) => file.endsWith(".jsonl"))
}
