import { afterEach, expect, it } from "vitest"
import { CodexBackend } from "../../src/backends/codex/backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import type { Backend } from "../../src/domain/backend.ts"
import { noOptions, type RecordedTurn, runTurn } from "../contract/turn-recording.ts"
import { startModelServer } from "../model-server/model-server.ts"
import { planResetsAt } from "../model-server/refusals.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { createTempDir } from "../support/temp-dir.ts"

const cleanUps: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function start(home: { streamIdleTimeoutMs?: number }, streamIdleMs?: number): Promise<Backend> {
  const model = await startModelServer()
  const codexHome = await createCodexHome({ modelUrl: model.url, streamMaxRetries: 0, ...home })
  const workspace = await createTempDir("workspace")
  const backend = new CodexBackend({
    executable: codexExecutable(),
    cwd: workspace.path,
    env: codexHome.env,
    model: null,
    permissions: "full",
    memory: new BackendMemory(),
    onEvent: () => {},
    log: () => {},
    ...(streamIdleMs !== undefined && { timeouts: { streamIdleMs } }),
  })
  cleanUps.push(workspace.remove, codexHome.remove, model.close, () => backend.stop())
  return backend
}

async function run(backend: Backend, prompt: string): Promise<RecordedTurn> {
  return runTurn(backend, await backend.openThread(noOptions), prompt)
}

it.each([
  ["as long as we say, where its provider has no limit of its own", {}, 400],
  ["as long as the person says", { streamIdleTimeoutMs: 400 }, 3_600_000],
])("codex waits for a model that sends nothing %s, and names that limit", async (_title, home, ours) => {
  const { last } = await run(await start(home, ours), "[[silent]]")
  expect(last).toMatchObject({
    type: "turn.failed",
    error: { code: "model_error", message: expect.stringMatching(/idle timeout.*stream_idle_timeout_ms/) },
  })
})

it("a used-up plan is told with the time at which it begins anew", async () => {
  const { last } = await run(await start({}), "[[refuse:plan]]")
  expect(last).toMatchObject({
    type: "turn.failed",
    error: {
      code: "insufficient_quota",
      modelStatus: 429,
      resetsAt: planResetsAt * 1_000,
      message: expect.stringContaining("2100-01-01T00:00:00Z"),
    },
  })
})

it("a model that codex does not find is no lost conversation, and costs no second try", async () => {
  expect((await run(await start({}), "[[refuse:no-model]]")).last).toMatchObject({
    error: { code: "model_refused", modelStatus: 404 },
  })
})
