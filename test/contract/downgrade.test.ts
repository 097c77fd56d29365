import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, expect, it, vi } from "vitest"
import { CliBackend } from "../../src/backends/cli-backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import { ProbeMemory } from "../../src/backends/kit/process/probe-memory.ts"
import type { Backend } from "../../src/domain/backend.ts"
import { startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"
import { noOptions, runTurn } from "./turn-recording.ts"

vi.setConfig({ testTimeout: 60_000 })

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** A codex, under `name`, whose app-server ends at once as long as there is the file `broken`; by a clock of the test. */
async function prepare(name: string) {
  const folder = await createTempDir("downgrade")
  const model = await startModelServer()
  const home = await createCodexHome({ modelUrl: model.url })
  const broken = join(folder.path, "broken")
  writeFileSync(broken, "")
  const executable = join(folder.path, name)
  const script = `[ "$1" = app-server ] && [ -f '${broken}' ] && { printf 'no \\033[1mroom\\033[0m\\n' >&2; exit 3; }`
  writeFileSync(executable, `#!/bin/sh\n${script}\nexec '${codexExecutable()}' "$@"\n`, { mode: 0o755 })
  const clock = { now: 1_790_000_000_000 }
  const logged: { readonly level: string; readonly message: string }[] = []
  const backend: Backend = new CliBackend({
    executable,
    cwd: folder.path,
    env: home.env,
    model: null,
    permissions: "full",
    resumesLast: false,
    toolEndpoint: null,
    now: () => clock.now,
    memory: new BackendMemory(),
    onEvent: () => {},
    log: (level, message) => logged.push({ level, message }),
  })
  cleanUps.push(folder.remove, model.close, home.remove, () => backend.stop())
  return { backend, clock, logged, repair: () => rmSync(broken) }
}

it.each(["codex", "my-agent"])(
  "a codex (called %s) whose app-server does not answer is driven by exec, aloud, and by its app-server again when it does",
  async (name) => {
    const { backend, clock, logged, repair } = await prepare(name)
    expect(await backend.readiness()).toEqual({ isReady: true })
    expect(backend.kind).toBe("exec")
    const { limitation } = await backend.capabilities()
    expect(limitation).toMatchObject({ reason: expect.stringContaining("codex exec") })
    if (name === "codex") expect(limitation?.detail).toMatch(/no room/)
    expect(logged).toContainEqual({ level: "warn", message: expect.stringContaining("codex exec") })
    const old = await backend.openThread(noOptions)
    expect((await runTurn(backend, old, "[[say:by exec]]")).answer).toBe("by exec")

    // In vain once more: the next pause is longer.
    clock.now += 61_000
    await backend.readiness()
    await waitFor(() => logged.some(({ message }) => /still does not answer/.test(message)), {
      what: "the second try",
      timeoutMs: 30_000,
    })
    repair()
    clock.now += 61_000
    await backend.readiness()
    expect(backend.kind).toBe("exec")
    clock.now += 61_000
    await backend.readiness()
    await waitFor(() => backend.kind === "codex", { what: "the app-server to be used", timeoutMs: 30_000 })
    expect((await backend.capabilities()).limitation).toBeUndefined()
    // What the engine fills from the ledger.
    await expect(backend.resumeThread(old, noOptions)).rejects.toMatchObject({ code: "thread_lost" })
    await backend.deleteThread(old)
    const thread = await backend.openThread(noOptions)
    expect((await runTurn(backend, thread, "[[say:streamed]]")).answer).toBe("streamed")
  },
)

it("a doubtful answer to a probe is asked again after a minute, any other when the file has changed", async () => {
  let now = 0
  let asked = 0
  const memory = new ProbeMemory(() => now)
  const recall = (isDoubtful: boolean) =>
    memory.recall(
      String(isDoubtful),
      codexExecutable(),
      async () => {
        asked += 1
        return asked
      },
      () => isDoubtful,
    )
  expect([await recall(true), await recall(true)]).toEqual([1, 1])
  now += 60_000
  expect(await recall(true)).toBe(2)
  expect(await recall(false)).toBe(3)
  now += 100 * 24 * 3_600_000
  expect(await recall(false)).toBe(3)
})
