import { readFileSync } from "node:fs"
import { chmod, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import type { Response, ResponseInput } from "openai/resources/responses/responses"
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { toolOutputsOf } from "../model-server/request-readers.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

// Each turn starts a codex, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
}
const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "Weather",
  parameters,
  strict: false,
}
/** Named like a tool of codex's own. */
const shell = { ...weather, name: "exec_command", description: "Time" }
const tools = [weather, shell]
const chatTools = tools.map(({ type, strict: _strict, ...rest }) => ({ type, function: rest }))

const twoCalls = '[[tool:get_weather:{"city":"Oslo"}]][[tool:get_weather:{"city":"Rome"}]]'

function callsOf(response: Response) {
  return response.output.filter((item) => item.type === "function_call")
}

function outputsFor(response: Response, text = "21"): ResponseInput {
  return callsOf(response).map((call) => ({
    type: "function_call_output" as const,
    call_id: call.call_id,
    output: `${JSON.parse(call.arguments).city}: ${text}`,
  }))
}

describe.each([
  { modelName: "scripted-1", mode: "an unknown model" },
  { modelName: "gpt-5.5", mode: "gpt-5.5" },
  { modelName: "gpt-6-sol", mode: "code mode" },
])("functions of the client over codex exec with $mode", ({ modelName }) => {
  let folder: TempDir
  let service: TestService

  beforeAll(async () => {
    folder = await createTempDir("exec-codex")
    // The real codex, as if it had no app-server.
    const cli = join(folder.path, "codex-exec")
    await writeFile(cli, `#!/bin/sh\n[ "$1" = app-server ] && exit 2\nexec "${codexExecutable()}" "$@"\n`)
    await chmod(cli, 0o755)
    service = await startTestService({ modelName, cli })
  })
  afterAll(async () => {
    await service.stop()
    await folder.remove()
  })
  beforeEach(() => service.model.clearRequests())

  const outputsSeen = () => service.model.requests.flatMap(toolOutputsOf).map((output) => output.text)
  const threadsSeen = () => new Set(service.model.requests.map((request) => request.headers["thread-id"]))

  it("go both ways: two calls at once, in the same native turn", async () => {
    const ask = (input: string | ResponseInput, previous: Response | null) =>
      service.client.responses.create({
        model: "manager",
        previous_response_id: previous?.id ?? null,
        input,
        tools,
      })
    const answers = [await ask(`[[commentary:One moment.]]${twoCalls}[[say:done]]`, null)]
    const asked = service.model.requests.length
    // One round; a second one where the CLI was so slow with the second call that it was not waited for.
    for (let last = answers.at(-1); last !== undefined && callsOf(last).length > 0; last = answers.at(-1)) {
      expect(answers.length).toBeLessThan(4)
      answers.push(await ask(outputsFor(last), last))
    }
    const cities = answers.flatMap(callsOf).map((call) => JSON.parse(call.arguments).city)
    expect(cities.toSorted()).toEqual(["Oslo", "Rome"])
    // What the agent said before stands before; the calls are nobody else's work.
    expect(answers[0]?.output.slice(0, 2)).toMatchObject([
      { type: "message", content: [{ text: "One moment." }] },
      { type: "function_call" },
    ])
    expect(answers.flatMap(({ output }) => output).map((item) => item.type)).not.toContain("mcp_call")
    expect(answers.at(-1)?.output_text).toBe("done")
    expect(outputsSeen().join()).toMatch(/Oslo: 21/)
    expect(outputsSeen().join()).toMatch(/Rome: 21/)
    expect(service.model.requests).toHaveLength(asked + 1)
    expect(threadsSeen().size).toBe(1)
    const total = answers.reduce((sum, { usage }) => sum + (usage?.total_tokens ?? 0), 0)
    expect(total).toBe(1290 * service.model.requests.length)
  })

  it("named like the agent's own tools reach the client, streamed and in chat", async () => {
    const messages: ChatCompletionMessageParam[] = [
      { role: "user", content: '[[tool:mcp__client_functions__exec_command:{"city":"Oslo"}]][[say:done]]' },
    ]
    const ask = () =>
      service.client.chat.completions.stream({ model: "manager", messages, tools: chatTools }).finalMessage()
    const message = await ask()
    expect(message.tool_calls).toMatchObject([
      { function: { name: "exec_command", arguments: '{"city":"Oslo"}' } },
    ])
    messages.push(
      message,
      ...(message.tool_calls ?? []).map(({ id }) => ({
        role: "tool" as const,
        tool_call_id: id,
        content: "it is noon",
      })),
    )
    expect((await ask()).content).toBe("done")
    expect(outputsSeen().join()).toContain("it is noon")
    expect(threadsSeen().size).toBe(1)
  })

  it("are answered after a restart: a new session is told of what was done, of the calls and of their whole results", async () => {
    const long = "x".repeat(20_000)
    const counter = join(folder.path, `counter-${modelName}`)
    const command = `echo once >> ${counter}`
    const input = `[[shell:${command}]][[then]]${twoCalls}`
    const first = await service.client.responses.create({ model: "manager", input, tools })
    expect(callsOf(first).length).toBeGreaterThan(0)
    await service.restart()
    service.model.clearRequests()
    const second = await service.client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: outputsFor(first, long),
      tools,
    })
    expect([second.status, callsOf(second)]).toEqual(["completed", []])
    expect(readFileSync(counter, "utf8")).toBe("once\n")
    expect(service.model.requests).toHaveLength(1)
    const told = JSON.stringify(service.model.requests[0]?.body)
    for (const call of callsOf(first)) {
      expect(told).toContain(`call of get_weather (${call.call_id})`)
      expect(told).toContain(`result of ${call.call_id}: ${JSON.parse(call.arguments).city}: ${long}`)
    }
    expect(told).toContain(`$ ${command}`)
    expect(told).toContain("Go on from there.")
  })
})
