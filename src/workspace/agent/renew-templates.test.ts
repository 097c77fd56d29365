import { execFileSync } from "node:child_process"
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { basename, join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import { ensureAgentWorkspace } from "./agent-workspace.ts"
import { renewTemplates } from "./templates.ts"

let home: TempDir
const now = new Date("2026-03-07T09:05:00Z")

beforeEach(async () => {
  home = await createTempDir("renew")
  await ensureAgentWorkspace(home.path, { role: "manager", name: null })
})
afterEach(() => home.remove())

const own = (name: string) => join(home.path, "manager", name)
const renew = async () =>
  (await renewTemplates(home.path, "manager", "manager", now)).map((path) => basename(path))

it("instructions that differ are kept beside the new ones, never over those that were kept before", async () => {
  expect(await renew()).toEqual([])
  writeFileSync(own("SOUL.md"), "mine")
  const [first = ""] = await renew()
  writeFileSync(own("SOUL.md"), "mine again")
  const [second = ""] = await renew()
  expect([first, second].map((name) => readFileSync(own(name), "utf8"))).toEqual(["mine", "mine again"])
  expect(readFileSync(own("SOUL.md"), "utf8")).toContain("# Character")
})

it("a link is kept as one, a pipe is not waited for, and nothing is written to what a link leads to", async () => {
  writeFileSync(join(home.path, "theirs"), "theirs")
  for (const name of ["AGENTS.md", "SOUL.md"]) rmSync(own(name))
  symlinkSync("../theirs", own("AGENTS.md"))
  execFileSync("mkfifo", [own("SOUL.md")])
  const [link = "", pipe = ""] = await renew()
  expect(readlinkSync(own(link))).toBe("../theirs")
  expect(existsSync(own(pipe))).toBe(true)
  expect(readFileSync(join(home.path, "theirs"), "utf8")).toBe("theirs")
  expect(readFileSync(own("AGENTS.md"), "utf8")).toContain("# manager")
  expect(readdirSync(own("")).filter((name) => name.endsWith(".tmp"))).toEqual([])
})
