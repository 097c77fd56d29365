import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { CodexBackend } from "../../src/backends/codex/backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import type { Backend } from "../../src/domain/backend.ts"
import type { TurnEvent } from "../../src/domain/turn-events.ts"
import { noOptions, runTurn } from "../contract/turn-recording.ts"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { type CodexHome, createCodexHome } from "../support/codex-home.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"

let model: ModelServer
let home: CodexHome
let workspace: TempDir
const backends: Backend[] = []

beforeEach(async () => {
  model = await startModelServer()
  // Each conversation is summed up before the turn that follows one of more tokens than this.
  home = await createCodexHome({ modelUrl: model.url })
  const config = join(home.home, "config.toml")
  await writeFile(config, `model_auto_compact_token_limit = 20000\n${await readFile(config, "utf8")}`)
  workspace = await createTempDir("workspace")
})

afterEach(async () => {
  for (const backend of backends.splice(0)) await backend.stop()
  await model.close()
  await home.remove()
  await workspace.remove()
})

function create(): Backend {
  const backend = new CodexBackend({
    executable: codexExecutable(),
    cwd: workspace.path,
    env: home.env,
    model: null,
    permissions: "full",
    memory: new BackendMemory(),
    onEvent: () => {},
    log: () => {},
  })
  backends.push(backend)
  return backend
}

/** What the scripted model says of a request where the script says nothing: of a summary, for example. */
const usual = 1234 + 56

function tokensOf(last: TurnEvent): number {
  const usage = "usage" in last ? last.usage : null
  return usage === null ? 0 : usage.inputTokens + usage.outputTokens
}

const places = ["a thread of this process", "a resumed thread", "a fork"] as const

/** A thread that codex sums up before its next turn. */
const longThread = (place: (typeof places)[number]) => threadAfter(place, 30_000)

async function threadAfter(
  place: (typeof places)[number],
  tokens: number,
): Promise<{ backend: Backend; thread: string }> {
  const first = create()
  const thread = await first.openThread(noOptions)
  const { events } = await runTurn(first, thread, `[[usage:${tokens}:0:100]][[say:long]]`)
  if (place === "a thread of this process") return { backend: first, thread }
  const started = events.find((event) => event.type === "turn.started")
  if (place === "a fork")
    return { backend: first, thread: await first.forkThread(thread, started?.turnRef ?? "", noOptions) }
  await first.stop()
  const backend = create()
  await backend.resumeThread(thread, noOptions)
  return { backend, thread }
}

it.each(places)("in %s a turn has its own tokens and those of the summary before it", async (place) => {
  const { backend, thread } = await longThread(place)
  model.clearRequests()
  const { last } = await runTurn(backend, thread, "[[usage:500:0:7]][[say:short]]")
  expect(last.type).toBe("turn.completed")
  expect(model.requests).toHaveLength(2)
  expect(tokensOf(last)).toBe(usual + 507)
})

it.each(places)("in %s a turn has its own tokens where nothing is summed up", async (place) => {
  const { backend, thread } = await threadAfter(place, 1_000)
  const { last } = await runTurn(backend, thread, "[[usage:500:0:7]][[shell:true]][[say:short]]")
  expect(tokensOf(last)).toBe(2 * 507)
})

it("a turn within which codex sums up has the tokens of all its requests", async () => {
  const backend = create()
  const thread = await backend.openThread(noOptions)
  const { last } = await runTurn(backend, thread, "[[usage:30000:0:100]][[shell:true]][[say:done]]")
  expect(last.type).toBe("turn.completed")
  expect(model.requests).toHaveLength(3)
  expect(tokensOf(last)).toBe(30_100 + 2 * usual)
})

it.each(places)(
  "in %s a turn that is interrupted at once has none of the tokens of the one before it",
  async (place) => {
    const { backend, thread } = await longThread(place)
    const { last } = await runTurn(backend, thread, "[[hang]]", (event, turn) => {
      if (event.type === "turn.started") void turn.interrupt()
    })
    expect(last.type).toBe("turn.interrupted")
    expect(tokensOf(last)).toBeLessThanOrEqual(usual)
  },
)
