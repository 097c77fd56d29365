import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { CodexBackend } from "../../src/backends/codex/backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import type { Backend, BackendEvent } from "../../src/domain/backend.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"
import { noOptions, type RecordedTurn, runTurn } from "./turn-recording.ts"

const program = fileURLToPath(new URL("programs/shared-app-server.ts", import.meta.url))

describe("a codex app-server with turns of others, one of whose interrupts is not answered in time", () => {
  let folder: TempDir
  let backend: Backend
  let events: BackendEvent[]

  beforeEach(async () => {
    folder = await createTempDir("faults")
    events = []
  })
  afterEach(async () => {
    await backend.stop()
    await folder.remove()
  })

  const log = () => path.join(folder.path, "log")

  function start(env: Readonly<Record<string, string>>): void {
    const file = path.join(folder.path, "codex")
    writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
    chmodSync(file, 0o755)
    backend = new CodexBackend({
      executable: file,
      cwd: folder.path,
      env: { PATH: "/usr/bin:/bin", LOG: log(), ...env },
      model: null,
      permissions: "full",
      memory: new BackendMemory(),
      onEvent: (event) => events.push(event),
      log: () => {},
      timeouts: { interruptMs: 200, requestMs: 4_000, endStepMs: 500 },
    })
  }

  const received = () =>
    readFileSync(log(), "utf8")
      .trim()
      .split("\n")
      .map((line): Record<string, unknown> => JSON.parse(line))

  const hasExited = () => events.some(({ type }) => type === "process.exited")

  /** Interrupts a turn once it and another one run; the end of the first, and what becomes of the other. */
  async function interruptOneOfTwo(): Promise<{
    first: RecordedTurn
    other: Promise<RecordedTurn>
    thread: string
  }> {
    const thread = await backend.openThread(noOptions)
    const otherThread = await backend.openThread(noOptions)
    let isOtherBegun = () => {}
    const begun = new Promise<void>((resolve) => {
      isOtherBegun = resolve
    })
    const other = runTurn(backend, otherThread, "soon", ({ type }) => {
      if (type === "turn.started") isOtherBegun()
    })
    await begun
    const first = await runTurn(backend, thread, "hi", ({ type }, asked) => {
      if (type === "turn.started") void asked.interrupt()
    })
    return { first, other, thread }
  }

  it("is left alone where it answers late; commands of the interrupted turn are ended, and its thread goes on", async () => {
    start({ INTERRUPT_MS: "600" })
    const { first, other, thread } = await interruptOneOfTwo()
    expect(first.last.type).toBe("turn.interrupted")
    expect((await other).last.type).toBe("turn.completed")
    await waitFor(
      () =>
        received().some(
          (entry) => entry.method === "thread/backgroundTerminals/clean" && entry.threadId === thread,
        ),
      { what: "its commands to be ended" },
    )
    expect(hasExited()).toBe(false)
    await waitFor(
      () =>
        backend.resumeThread(thread, noOptions).then(
          () => true,
          () => false,
        ),
      {
        what: "the thread to be free",
      },
    )
    expect((await runTurn(backend, thread, "soon")).last.type).toBe("turn.completed")
    expect(received().filter((entry) => "started" in entry)).toHaveLength(1)
  })

  it("is replaced only after the patience of any request where it does not answer at all", async () => {
    start({})
    const { first, other } = await interruptOneOfTwo()
    expect(first.last.type).toBe("turn.interrupted")
    expect((await other).last.type).toBe("turn.completed")
    await waitFor(hasExited, { what: "the process to be ended" })
  })
})
