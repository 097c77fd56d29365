import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { DemoBackend } from "../../src/backends/demo/backend.ts"
import type { Backend, ThreadOptions } from "../../src/domain/backend.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { describeBackendContract } from "./backend-contract.ts"
import { inputOf, noOptions, runTurn } from "./turn-recording.ts"

describeBackendContract("the demo agent", async () => {
  const folder = await createTempDir("demo")
  return {
    backend: new DemoBackend({ cwd: folder.path, permissions: "full" }),
    workspace: folder.path,
    column: "demo",
    prompts: {
      say: (text) => `say ${text}`,
      count: (to) => `count to ${to}`,
      recall: "list what I said",
      recalled: (answer) => answer.split("\n").map((line) => line.replace(/^\d+\. /, "")),
      call: (name, args) => `call ${name} ${JSON.stringify(args)}`,
      image: "What is this?",
      schema: "Answer yes.",
    },
    remove: folder.remove,
  }
})

describe("the demo agent", () => {
  let folder: TempDir
  let backend: Backend

  beforeEach(async () => {
    folder = await createTempDir("demo")
    backend = new DemoBackend({ cwd: folder.path, permissions: "full", writableFolders: ["/"] })
  })
  afterEach(async () => {
    await backend.stop()
    await folder.remove()
  })

  const run = async (text: string, options: Partial<ThreadOptions> = {}) =>
    runTurn(backend, await backend.openThread({ ...noOptions, ...options }), text)

  it("says that it is a demo and how to get a real agent, and refers to what was said", async () => {
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "my name is Ada")
    const { answer, items } = await runTurn(backend, thread, "who am I?")
    expect(answer).toContain("demo agent")
    expect(answer).toContain("codex login")
    expect(answer).toContain("You have said 2 things so far; first: my name is Ada")
    expect(items.map((item) => item.type)).toEqual(["reasoning", "message"])
  })

  it("thinks, streaming its thoughts", async () => {
    const { items, events } = await run("think about tea")
    expect(items[0]).toMatchObject({ type: "reasoning", summary: ["They want me to think about tea."] })
    expect(events).toContainEqual(expect.objectContaining({ type: "item.delta", channel: "summary" }))
  })

  it("runs a harmless command in its workspace, and says what it printed", async () => {
    const { items, answer } = await run("run pwd")
    const command = { type: "command", command: "pwd", cwd: folder.path, output: `${folder.path}\n` }
    expect(items[1]).toMatchObject({ ...command, exitCode: 0, status: "completed" })
    expect(answer).toBe(`\`pwd\` printed:\n${folder.path}`)
    expect((await run("run ls nothing-here")).items[1]).toMatchObject({ status: "failed" })
  })

  it("looks into its working directory when it is asked", async () => {
    const { items, answer } = await run("What is in your working directory?")
    expect(items[1]).toMatchObject({ type: "command", command: "ls -A", cwd: "/" })
    expect(answer).toMatch(/^usr$/m)
  })

  it("edits a file of its own, and tells the change", async () => {
    const path = join(folder.path, "demo.txt")
    const first = await run("edit: one line")
    expect(first.items[1]).toMatchObject({ changes: [{ path, kind: "add", diff: "one line\n" }] })
    const second = await run("write another")
    expect(second.items[1]).toMatchObject({ changes: [{ path, kind: "update", diff: "@@\n+another\n" }] })
    expect(readFileSync(path, "utf8")).toBe("one line\nanother\n")
  })

  it("does not pretend to run a command", async () => {
    const turn = await run("run rm -rf /")
    expect(turn.answer).toContain("nothing was run")
    expect(turn.items.map((item) => item.type)).toEqual(["message"])
  })

  it.each(["run pwd", "edit: one line", "What is in your working directory?"])(
    "only answers where it may not act: %s",
    async (text) => {
      const turn = await run(text, { reach: "only-reads" })
      expect(turn.items.map((item) => item.type)).toEqual(["message"])
      expect(turn.answer).toContain("nothing was done")
      expect(readdirSync(folder.path)).toEqual([])
    },
  )

  it("ends a command that runs when it is interrupted", async () => {
    const thread = await backend.openThread(noOptions)
    const turn = await runTurn(backend, thread, inputOf("run sleep 60"), (event, running) => {
      if (event.type === "item.started" && event.item.type === "command") void running.interrupt()
    })
    expect(turn.last.type).toBe("turn.interrupted")
  })

  it("says which functions there are when it is asked for another one", async () => {
    const turn = await run("call nothing {}")
    expect(turn.answer).toBe("There is no function nothing (none was offered).")
  })
})
