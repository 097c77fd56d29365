import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { DeltaLines } from "../../src/backends/codex/codex-json.ts"
import type { ModelServer } from "../model-server/model-server.ts"
import { startModelServer } from "../model-server/model-server.ts"
import { developerTextOf, toolOutputsOf } from "../model-server/request-readers.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import type { CodexHome } from "../support/codex-home.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { startMcpServer } from "../support/mcp-server.ts"
import { descendantsOf, isRunning, processEntry } from "../support/processes.ts"
import { RawAppServer } from "../support/raw-app-server.ts"
import type { TempDir } from "../support/temp-dir.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

const png =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

const weather = {
  type: "function",
  name: "get-weather",
  description: "Weather of a city",
  inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
}
const namespaced = { type: "namespace", name: "client", description: "Functions", tools: [weather] }

let model: ModelServer

beforeAll(async () => {
  model = await startModelServer()
})

afterAll(async () => {
  await model.close()
})

describe.each([
  ["an unknown model name", "scripted-1", false],
  ["gpt-5.5", "gpt-5.5", false],
  ["gpt-6-sol", "gpt-6-sol", true],
  ["no model in the configuration", null, true],
] as const)("with %s", (_title, modelName, isCodeMode) => {
  let home: CodexHome
  let cwd: TempDir
  let app: RawAppServer

  beforeAll(async () => {
    home = await createCodexHome({ modelUrl: model.url, model: modelName })
    cwd = await createTempDir("cwd")
    await writeFile(join(cwd.path, "AGENTS.md"), "[[say:not a message of the user]]")
    app = await RawAppServer.start(home.env, (tool, args) => `${tool} ${JSON.stringify(args)}`)
  })

  afterAll(async () => {
    await app.stop()
    await cwd.remove()
    await home.remove()
  })

  test("codex exec runs a command and prints the answer", async () => {
    const prompt = "[[shell:echo $((40 + 2)); exit 3]] [[say:The command is over.]]"
    const flags = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json"]
    const child = spawn(codexExecutable(), ["exec", ...flags, prompt], {
      cwd: cwd.path,
      env: home.env,
      stdio: ["ignore", "pipe", "ignore"],
    })
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, "close")])
    const events = stdout
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line))
    expect(code).toBe(0)
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "item.completed",
        item: expect.objectContaining({ type: "command_execution", aggregated_output: "42\n", exit_code: 3 }),
      }),
    )
    expect(events).toContainEqual(
      expect.objectContaining({ item: expect.objectContaining({ text: "The command is over." }) }),
    )
    expect(events.at(-1)).toMatchObject({
      type: "turn.completed",
      usage: { input_tokens: 2468, cached_input_tokens: 2000, output_tokens: 112 },
    })
  })

  test("a thread answers, reasons and remembers", async () => {
    const thread = await app.startThread(cwd.path, { developerInstructions: "Speak plainly." })
    const first = await app.runTurn(thread, "hello there")
    expect(first).toMatchObject({ status: "completed", answer: "You said: hello there" })
    expect(developerTextOf({ body: newestBody() })).toContain("Speak plainly.")

    const second = await app.runTurn(thread, "[[reason:thinking it over]] [[say:good]]")
    expect(second.items).toContainEqual(
      expect.objectContaining({ type: "reasoning", summary: ["thinking it over"] }),
    )
    const third = await app.runTurn(thread, "[[history]]")
    expect(JSON.parse(third.answer)).toEqual([
      { role: "user", text: "hello there" },
      { role: "assistant", text: "You said: hello there" },
      { role: "user", text: "[[reason:thinking it over]] [[say:good]]" },
      { role: "assistant", text: "good" },
      { role: "user", text: "[[history]]" },
    ])
  })

  test("deltas, phases and images pass through", async () => {
    const thread = await app.startThread(cwd.path)
    const image = await app.runTurn(thread, [
      { type: "text", text: "[[commentary:looking]] [[image]]", text_elements: [] },
      { type: "image", url: png },
    ])
    expect(image.items.filter((item) => item.type === "agentMessage")).toMatchObject([
      { phase: "commentary", text: "looking" },
      { phase: "final_answer", text: "image:image/png:70" },
    ])
    const counted = await app.runTurn(thread, "[[slow:3:1]]")
    const deltas = app.messages.filter(
      ({ method, params }) => method === "item/agentMessage/delta" && params.turnId === counted.id,
    )
    expect(deltas.map(({ params }) => params.delta)).toEqual(["1 ", "2 ", "3"])
    // As codex orders their fields, they are read without the general reader.
    const quick = deltas.map((message) => new DeltaLines().read(JSON.stringify(message))?.params)
    expect(quick).toEqual(deltas.map(({ params }) => params))
  })

  test("parallel calls reach the functions of the client, one after the other if asked", async () => {
    const tools = [weather, namespaced]
    const thread = await app.startThread(cwd.path, { dynamicTools: tools, experimentalRawEvents: true })
    const turn = await app.runTurn(
      thread,
      '[[tool:get-weather:{"city":"Oslo"}]][[tool:client__get-weather:{"city":"Rome"}]][[then]]' +
        '[[tool:get-weather:{"city":"Bonn"}]][[say:three]]',
    )
    expect(turn.answer).toBe("three")
    const calls = turn.items.filter((item) => item.type === "dynamicToolCall")
    const described = calls.map((item) => [item.namespace ?? "", item.tool, JSON.stringify(item.arguments)])
    expect(described.slice(0, 2).toSorted()).toEqual([
      ["", "get-weather", '{"city":"Oslo"}'],
      ["client", "get-weather", '{"city":"Rome"}'],
    ])
    expect(described[2]).toEqual(["", "get-weather", '{"city":"Bonn"}'])
    const seen = toolOutputsOf({ body: newestBody() }).map((output) => output.text)
    expect(seen).toHaveLength(isCodeMode ? 2 : 3)
    expect(seen.join("\n")).toContain('get-weather {"city":"Rome"}')
  })

  test("an edit writes the file before the next step", async () => {
    const thread = await app.startThread(cwd.path)
    const turn = await app.runTurn(
      thread,
      "[[edit:notes/it's.txt|one\ntwo]] [[then]] [[shell:wc -l < notes/*.txt]]",
    )
    expect(turn.answer).toBe("Done with tools.")
    expect(await readFile(join(cwd.path, "notes", "it's.txt"), "utf8")).toBe("one\ntwo\n")
    const kinds = turn.items.map((item) => item.type)
    const isUnknownModel = modelName === "scripted-1"
    expect(kinds.filter((kind) => kind === "fileChange")).toHaveLength(isUnknownModel ? 0 : 1)
    expect(turn.items).toContainEqual(
      expect.objectContaining({ type: "commandExecution", aggregatedOutput: "2\n" }),
    )
  })

  test("a function of an MCP server is found and called", async () => {
    const mcp = await startMcpServer("lookup", (args) => `value of ${args.key}`)
    try {
      const thread = await app.startThread(cwd.path, { config: { mcp_servers: { kv: { url: mcp.url } } } })
      const turn = await app.runTurn(thread, '[[tool:mcp__kv__lookup:{"key":"a"}]][[say:found]]')
      expect(turn.answer).toBe("found")
      expect(turn.items).toContainEqual(
        expect.objectContaining({ type: "mcpToolCall", server: "kv", tool: "lookup", status: "completed" }),
      )
      expect(toolOutputsOf({ body: newestBody() }).at(-1)?.text).toContain("value of a")
    } finally {
      await mcp.close()
    }
  })

  test.runIf(!isCodeMode)("a command that yields is waited for", async () => {
    const thread = await app.startThread(cwd.path)
    const args = JSON.stringify({ cmd: "sleep 0.6; echo late", yield_time_ms: 250 })
    const turn = await app.runTurn(thread, `[[tool:exec_command:${args}]][[say:waited]]`)
    expect(turn.answer).toBe("waited")
    const outputs = toolOutputsOf({ body: newestBody() })
    expect(outputs.map((output) => output.name)).toEqual(["exec_command", "write_stdin"])
    expect(outputs[1]?.text).toContain("late")
  })

  test.runIf(isCodeMode)("a script that yields is waited for", async () => {
    const thread = await app.startThread(cwd.path)
    const script = [
      '// @exec: {"yield_time_ms": 250}',
      'const r = await tools.exec_command({ cmd: "sleep 0.6; echo late" });',
      "text(r.output);",
    ].join("\n")
    const turn = await app.runTurn(thread, `[[js:${script}]][[say:waited]]`)
    expect(turn.answer).toBe("waited")
    const outputs = toolOutputsOf({ body: newestBody() })
    expect(outputs.map((output) => output.name)).toEqual(["exec", "wait"])
    expect(outputs[1]?.text).toContain("late")
  })
})

test("a cut stream is tried again, an error of the model fails the turn with its text", async () => {
  const home = await createCodexHome({ modelUrl: model.url, requestMaxRetries: 1, streamMaxRetries: 1 })
  const cwd = await createTempDir("cwd")
  const app = await RawAppServer.start(home.env)
  try {
    const thread = await app.startThread(cwd.path)
    expect(await app.runTurn(thread, "[[drop:1]] after a cut")).toMatchObject({
      status: "completed",
      answer: "You said: after a cut",
    })
    expect(await app.runTurn(thread, "[[status:400]]")).toMatchObject({ status: "failed" })
    const ended = app.messages.findLast((message) => message.method === "turn/completed")
    expect(JSON.stringify(ended?.params)).toContain("scripted error 400")
    expect(await app.runTurn(thread, "[[failed:context_length_exceeded]]")).toMatchObject({
      status: "failed",
    })
  } finally {
    await app.stop()
    await cwd.remove()
    await home.remove()
  }
})

test("the processes of a turn are visible below the app-server, and gone after its end", async () => {
  const home = await createCodexHome({ modelUrl: model.url })
  const cwd = await createTempDir("cwd")
  const app = await RawAppServer.start(home.env)
  try {
    const thread = await app.startThread(cwd.path)
    const input = [{ type: "text", text: "[[shell:sleep 60.5]]", text_elements: [] }]
    await app.request("turn/start", { threadId: thread, input })
    const sleeper = await waitFor(
      () => descendantsOf(app.pid).find((entry) => entry.commandLine === "sleep 60.5"),
      { what: "the command to start" },
    )
    expect(sleeper.residentBytes).toBeGreaterThan(0)
    expect(processEntry(app.pid)?.openFiles).toBeGreaterThan(2)
    await app.stop()
    await waitFor(() => !isRunning(sleeper.pid), { what: "the command to end with codex" })
  } finally {
    await app.stop()
    await cwd.remove()
    await home.remove()
  }
})

function newestBody() {
  const request = model.requests.at(-1)
  if (request === undefined) throw new Error("the model was not asked")
  return request.body
}
