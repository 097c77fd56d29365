import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { checks } from "./doctor.ts"

const page = readFileSync(join(import.meta.dirname, "../../../docs/service.md"), "utf8")

it.each(checks)("the page of the service says that doctor looks at $looksAt", ({ looksAt }) => {
  expect(page).toContain(looksAt)
})
