import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { expect, it } from "vitest"
import { exitCodes } from "./exit-codes.ts"

/** All that a page says of them: the rows of its table, or its sentence. */
function documentedCodes(page: string): readonly number[] {
  const text = readFileSync(resolve(import.meta.dirname, "../../..", page), "utf8")
  const rows = [...text.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, codes]) => (codes ?? "").split(","))
  const sentence = /^Exit codes: ([^.]+)\./m.exec(text)?.[1] ?? ""
  return [...rows, ...(sentence.match(/\b\d+\b/g) ?? [])].map(Number)
}

it.each(["docs/cli.md", "docs/service.md", "README.md"])("%s has every exit code, and no other", (page) => {
  const all = [0, ...Object.values(exitCodes)]
  expect(documentedCodes(page).toSorted()).toEqual(all.toSorted())
})
