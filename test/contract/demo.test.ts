import { describe, expect, it } from "vitest"
import { createDemoBackend } from "../../src/backends/demo/demo-backend.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { describeBackendContract } from "./backend-contract.ts"
import { inputOf, noOptions, runTurn } from "./turn-recording.ts"

describeBackendContract("the demo agent", async () => {
  const folder = await createTempDir("demo")
  return {
    backend: createDemoBackend(),
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
  it("says that it is a demo and how to get a real agent, and refers to what was said", async () => {
    const backend = createDemoBackend()
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "my name is Ada")
    const { answer } = await runTurn(backend, thread, "who am I?")
    expect(answer).toContain("demo agent")
    expect(answer).toContain("codex login")
    expect(answer).toContain("You have said 2 things so far; first: my name is Ada")
  })

  it("does not pretend to run a command", async () => {
    const backend = createDemoBackend()
    const turn = await runTurn(backend, await backend.openThread(noOptions), "run rm -rf /")
    expect(turn.answer).toContain("nothing was run")
    expect(turn.items.map((item) => item.type)).toEqual(["message"])
  })

  it("says which functions there are when it is asked for another one", async () => {
    const backend = createDemoBackend()
    const turn = await runTurn(backend, await backend.openThread(noOptions), inputOf("call nothing {}"))
    expect(turn.answer).toBe("There is no function nothing (none was offered).")
  })
})
