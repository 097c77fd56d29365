import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { ClaudeBackend } from "../../src/backends/claude/backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import type { Permissions } from "../../src/domain/agents.ts"
import type { Backend } from "../../src/domain/backend.ts"
import type { FunctionTool } from "../../src/domain/items.ts"
import { agentPath } from "../agents/agents.ts"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { toolOutputsOf, userTextsOf } from "../model-server/request-readers.ts"
import { type ClaudeHome, createClaudeHome } from "../support/claude-home.ts"
import { type McpEndpoint, startMcpEndpoint } from "../support/mcp-endpoint.ts"
import { pidFrom } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { waitFor } from "../support/wait-for.ts"
import { answering, inputOf, noOptions, runTurn, userMessage } from "./turn-recording.ts"

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const executable = testCli("claude")
const look: FunctionTool = { name: "look", description: "Looks something up", parameters: { type: "object" } }
const schema = {
  type: "object",
  properties: { answer: { type: "string" } },
  required: ["answer"],
  additionalProperties: false,
}

describe.skipIf(executable === null)(executable === null ? missingCli("claude") : "the real claude", () => {
  let model: ModelServer
  let home: ClaudeHome
  let mcp: McpEndpoint
  let workspace: TempDir
  let backend: Backend
  let starts: number

  beforeEach(async () => {
    model = await startModelServer()
    home = await createClaudeHome({ modelUrl: model.url })
    mcp = await startMcpEndpoint()
    workspace = await createTempDir("workspace")
    starts = 0
  })

  afterEach(async () => {
    await backend.stop()
    await mcp.close()
    await model.close()
    await home.remove()
    await workspace.remove()
  })

  function start(permissions: Permissions = "full"): Backend {
    backend = new ClaudeBackend({
      executable: executable ?? "",
      cwd: workspace.path,
      env: home.env,
      model: null,
      permissions,
      protectedFolders: [join(workspace.path, "control")],
      toolEndpoint: mcp.endpoint,
      memory: new BackendMemory(),
      onEvent: (event) => {
        if (event.type === "process.started") starts += 1
      },
      log: () => {},
    })
    return backend
  }

  it("goes on from a call that was given up, with the output that came later and no second call", async () => {
    start()
    const first = await backend.openThread({ ...noOptions, tools: [look] })
    const given = await runTurn(backend, first, '[[tool:look:{"q":1}]]', (event, turn) => {
      if (event.type === "function.called") void turn.interrupt()
    })
    const called = given.events.flatMap((event) => (event.type === "function.called" ? [event.item] : []))
    expect(called).toHaveLength(1)
    const callId = called[0]?.callId ?? ""
    const output = [{ type: "text", text: "found it" }] as const
    const history = [
      {
        input: [userMessage('[[tool:look:{"q":1}]]')],
        output: called,
        native: { kind: "claude", items: given.native },
      },
      {
        input: [{ type: "function_call_output", id: "o", callId, output, status: "completed" } as const],
        output: [],
        native: null,
      },
    ]
    const second = await backend.openThread({ ...noOptions, tools: [look], history })
    const turn = await runTurn(backend, second, { ...inputOf(""), messages: [] })
    expect(turn.last.type).toBe("turn.completed")
    expect(turn.answer).toBe("Done with tools.")
    const request = model.requests.at(-1)
    expect(request && toolOutputsOf(request)).toEqual([
      { callId, name: "mcp__client__look", text: "found it" },
    ])
  })

  it("begins a thread with the history of another CLI, calls and commands included", async () => {
    start()
    const text = [{ type: "text", text: "fine weather" }] as const
    const status = "completed" as const
    const thread = await backend.openThread({
      ...noOptions,
      history: [
        {
          input: [userMessage("how is it?")],
          output: [
            { type: "command", id: "c", command: "date", cwd: null, output: "Tuesday", exitCode: 0, status },
            { type: "message", id: "m", role: "assistant", content: text, phase: "final_answer", status },
          ],
          native: { kind: "codex", items: [{ type: "reasoning" }] },
        },
      ],
    })
    expect(JSON.parse((await runTurn(backend, thread, "[[history]]")).answer)).toEqual([
      { role: "user", text: "how is it?" },
      { role: "assistant", text: "fine weather" },
      { role: "user", text: "[[history]]" },
    ])
    const request = model.requests.at(-1)
    expect(request && toolOutputsOf(request)).toMatchObject([
      { name: "Bash", text: "Tuesday\n(Exit code 0)" },
    ])
  })

  it("starts a process anew for another schema only, and keeps the thread", async () => {
    start()
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "[[say:plain]]")
    const withSchema = inputOf("[[schema]]", { outputSchema: schema })
    for (let turn = 0; turn < 2; turn++) {
      const { answer, items } = await runTurn(backend, thread, withSchema)
      expect(JSON.parse(answer)).toEqual({ answer: "yes" })
      expect(items.filter((item) => item.type === "message")).toMatchObject([{ phase: "final_answer" }])
    }
    expect(starts).toBe(2)
    const heard = await runTurn(backend, thread, "[[history]]")
    expect(heard.answer).toContain("[[say:plain]]")
  })

  it("hands a message that looks like a command of claude's to the model", async () => {
    start()
    const thread = await backend.openThread(noOptions)
    expect((await runTurn(backend, thread, "/help [[say:the model has it]]")).answer).toBe("the model has it")
  })

  it("tells reasoning, an edit and the usage of all requests of a turn", async () => {
    start()
    const thread = await backend.openThread(noOptions)
    const turn = await runTurn(
      backend,
      thread,
      "[[reason:let me think]][[edit:note.txt|hello]][[say:written]]",
    )
    expect(turn.items).toMatchObject([
      { type: "reasoning", summary: ["let me think"] },
      {
        type: "file_change",
        changes: [{ path: join(workspace.path, "note.txt"), kind: "add" }],
        status: "completed",
      },
      { type: "message", content: [{ text: "written" }] },
    ])
    expect(readFileSync(join(workspace.path, "note.txt"), "utf8")).toBe("hello")
    expect(turn.last).toMatchObject({
      usage: { inputTokens: 2 * 1234, cachedInputTokens: 2 * 1000, outputTokens: 2 * 56 },
    })
  })

  it("only reads with the permissions for it, and may call functions of the client all the same", async () => {
    start("read-only")
    const client = answering(() => "here")
    const thread = await backend.openThread({ ...noOptions, tools: [look] })
    const turn = await runTurn(
      backend,
      thread,
      "[[shell:touch made]][[then]][[edit:made|x]][[then]][[tool:look:{}]][[say:over]]",
      client.onEvent,
    )
    expect(turn.answer).toBe("over")
    expect(existsSync(join(workspace.path, "made"))).toBe(false)
    expect(client.calls).toHaveLength(1)
  })

  it("edits in its folder, but for what is protected there, and not outside with the permissions for that", async () => {
    start("workspace")
    const outside = join(home.home, "outside.txt")
    const thread = await backend.openThread(noOptions)
    const turn = await runTurn(
      backend,
      thread,
      `[[edit:inside.txt|x]][[then]][[edit:${outside}|x]][[then]][[edit:control/agent.json|x]][[say:over]]`,
    )
    expect(turn.answer).toBe("over")
    expect(existsSync(join(workspace.path, "inside.txt"))).toBe(true)
    expect(existsSync(outside)).toBe(false)
    expect(existsSync(join(workspace.path, "control", "agent.json"))).toBe(false)
  })

  it("has the person's own MCP servers beside the functions of the client, and in a thread that only answers no tools at all", async () => {
    const pidFile = join(workspace.path, "own.pid")
    await home.addMcpServer([process.execPath, agentPath("own-mcp-server.ts"), pidFile])
    start()
    const acting = await backend.openThread({ ...noOptions, tools: [look] })
    const named = () => JSON.stringify(model.requests.at(-1)?.posted)
    await runTurn(backend, acting, "[[say:x]]")
    // It connects while the first turn runs already.
    await waitFor(() => pidFrom(pidFile), { what: "the person's MCP server to be started" })
    await runTurn(backend, acting, "[[say:y]]")
    expect(named()).toContain("mcp__own__own_tool")
    expect(named()).toContain("mcp__client__look")
    await backend.closeThread(acting)
    rmSync(pidFile)
    const thread = await backend.openThread({
      ...noOptions,
      isEphemeral: true,
      reach: "only-answers",
    })
    await runTurn(backend, thread, "[[say:a title]]")
    expect(model.requests.at(-1)?.body.tools ?? []).toEqual([])
    expect(existsSync(pidFile)).toBe(false)
    await backend.deleteThread(thread)
    const requests = model.requests.filter((request) => userTextsOf(request).includes("[[say:a title]]"))
    expect(requests).toHaveLength(1)
  })
})
