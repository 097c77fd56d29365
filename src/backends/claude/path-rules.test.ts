import { expect, it } from "vitest"
import type { TurnEvent } from "../../domain/turn-events.ts"
import { BackendMemory } from "../kit/backend-context.ts"
import { ClaudeBackend } from "./backend.ts"
import { isPlainInRules } from "./launch-arguments.ts"

it.each(["/home/anna/.ai_agent_proxy/manager/control", "/srv/Büro 2/a_b-c.d@e+f/control"])(
  "claude takes %s for a path and nothing else",
  (path) => {
    expect(isPlainInRules(path)).toBe(true)
  },
)

it.each([..."*?[]{}()!\\$\"'\n"].map((char) => ({ path: `/home/an${char}na/control` })))(
  "claude would read $path as a pattern",
  ({ path }) => {
    expect(isPlainInRules(path)).toBe(false)
  },
)

it("a space at the end of a name is cut off by claude", () => {
  expect(isPlainInRules("/home/anna /control")).toBe(false)
})

it("an agent that is held in a folder of such a name is refused, by the name of the folder", async () => {
  const backend = new ClaudeBackend({
    executable: process.execPath,
    cwd: "/",
    env: {},
    model: null,
    permissions: "workspace",
    protectedFolders: ["/home/an[n]a/control"],
    toolEndpoint: null,
    memory: new BackendMemory(),
    onEvent: () => {},
    log: () => {},
  })
  const refusal = { isReady: false, detail: "/home/an[n]a/control" }
  expect(await backend.readiness()).toMatchObject(refusal)
  const thread = await backend.openThread({ instructions: null, tools: [], isEphemeral: false, history: [] })
  const turn = backend.startTurn(thread, { messages: [], model: null, effort: null, outputSchema: null })
  const events: TurnEvent[] = []
  for await (const batch of turn.events) events.push(...batch)
  expect(events.at(-1)).toMatchObject({
    type: "turn.failed",
    error: { message: expect.stringContaining(refusal.detail) },
  })
  await backend.stop()
})
