import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"

let service: TestService

beforeEach(async () => {
  service = await startTestService({ cli: "/nonexistent/codex", demoFallback: true })
})
afterEach(() => service.stop())

const hex = "0123456789ab"

/** The id of a process that is gone. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["--version"])
  await once(child, "exit")
  return child.pid ?? 0
}

it("removes what a killed daemon has left half-written at the next start, and nothing else", async () => {
  const dead = await deadPid()
  const { home } = service
  const exec = join(home, "manager/control/exec-threads")
  mkdirSync(exec, { recursive: true })
  const left = [
    "daemon.pid",
    "secrets",
    ".bin/ai-agent-proxy",
    "manager/control/agent.json",
    "manager/control/main-conversation",
    "manager/control/exec-threads/exec_1.json",
    "manager/memory/memory.md",
    "manager/inbox/some.txt",
  ].map((name) => join(home, `${name}.${dead}.${hex}.tmp`))
  const ofEarlierRelease = join(home, `config.toml.${hex}.tmp`)
  const kept = [
    join(home, `secrets.${process.ppid}.${hex}.tmp`),
    join(home, "manager", `mine.${hex}`),
    join(home, "manager", "mine.tmp"),
    join(home, "manager/notes", `${hex}.tmp`),
    // Of the person's own, below: none of the folders that the service writes to.
    join(home, "manager", "project", `x.${dead}.${hex}.tmp`),
  ]
  mkdirSync(join(home, "manager/project"))
  for (const file of [...left, ofEarlierRelease, ...kept]) writeFileSync(file, "half a tex")
  const hourAgo = new Date(Date.now() - 3_600_000)
  utimesSync(ofEarlierRelease, hourAgo, hourAgo)
  const link = join(home, "manager/control", `link.${dead}.${hex}.tmp`)
  symlinkSync(join(home, "manager/AGENTS.md"), link)

  await service.restart()
  expect([...left, ofEarlierRelease].filter((file) => existsSync(file))).toEqual([])
  expect(kept.filter((file) => !existsSync(file))).toEqual([])
  expect(existsSync(join(home, "manager/AGENTS.md"))).toBe(true)
})
