import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Response } from "openai/resources/responses/responses"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { developerTextOf, toolOutputsOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "Weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  strict: false,
}

const callsOf = (response: Response) => response.output.filter((item) => item.type === "function_call")
const teamCallsOf = (response: Response) =>
  response.output.filter((item) => item.type === "mcp_call").filter((item) => item.server_label === "team")

describe.each([
  { modelName: "scripted-1", mode: "an unknown model" },
  { modelName: "gpt-5.5", mode: "gpt-5.5" },
  { modelName: "gpt-6-sol", mode: "code mode" },
])("the service's own tools with $mode", ({ modelName }) => {
  let service: TestService
  const memory = () => readFileSync(join(service.home, "manager/memory/memory.md"), "utf8")
  const seenOutputs = () =>
    service.model.requests
      .flatMap(toolOutputsOf)
      .map(({ text }) => text)
      .join("\n")

  beforeAll(async () => {
    service = await startTestService({ modelName })
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  it("keep what is to be remembered, dated, and put it in front of new threads, also after a restart", async () => {
    const fact = `the cat of ${modelName} is called Mia`
    const response = await service.client.responses.create({
      model: "manager",
      input: `[[tool:remember:${JSON.stringify({ fact })}]][[say:noted]]`,
    })
    expect(response.output_text).toBe("noted")
    expect(teamCallsOf(response)).toMatchObject([
      { name: "remember", arguments: JSON.stringify({ fact }), output: "It is in your memory.", error: null },
    ])
    expect(callsOf(response)).toEqual([])
    expect(seenOutputs()).toContain("It is in your memory.")
    expect(memory()).toMatch(new RegExp(`^- \\d{4}-\\d\\d-\\d\\d: ${fact}$`, "m"))

    await service.restart()
    service.model.clearRequests()
    await service.client.responses.create({ model: "manager", input: "[[say:hello]]" })
    const [first] = service.model.requests
    if (first === undefined) throw new Error("the model was not asked")
    expect(developerTextOf(first)).toContain(fact)
  })

  it("are run while the client's function waits in the same batch, and the turn goes on with both", async () => {
    const fact = `mixed with ${modelName}`
    const first = await service.client.responses.create({
      model: "manager",
      input: `[[tool:get_weather:{"city":"Oslo"}]][[tool:remember:${JSON.stringify({ fact })}]][[say:both]]`,
      tools: [weather],
    })
    expect(callsOf(first).map(({ name }) => name)).toEqual(["get_weather"])
    expect(teamCallsOf(first)).toMatchObject([{ name: "remember", status: "completed" }])
    expect(memory()).toContain(fact)
    const second = await service.client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: callsOf(first).map(({ call_id }) => ({
        type: "function_call_output" as const,
        call_id,
        output: "21 degrees",
      })),
      tools: [weather],
    })
    expect(second.output_text).toBe("both")
    expect(seenOutputs()).toContain("21 degrees")
    expect(seenOutputs()).toContain("It is in your memory.")
    expect(memory().split(fact)).toHaveLength(2)
  })

  it("give way to a function of the client of the same name, and stay callable under another", async () => {
    const remember = { ...weather, name: "remember" }
    const response = await service.client.responses.create({
      model: "manager",
      input: `[[tool:team_remember:{"fact":"under another name"}]][[then]][[tool:remember:{"city":"Oslo"}]]`,
      tools: [remember],
      tool_choice: "required",
    })
    expect(callsOf(response).map(({ name, arguments: json }) => [name, json])).toEqual([
      ["remember", '{"city":"Oslo"}'],
    ])
    expect(teamCallsOf(response)).toMatchObject([{ name: "remember", status: "completed" }])
    expect(memory()).toContain("under another name")
  })

  it("are no concern of the client's tool_choice", async () => {
    const response = await service.client.responses.create({
      model: "manager",
      input: `[[tool:remember:{"fact":"whatever the client forbids"}]][[say:fine]]`,
      tools: [weather],
      tool_choice: "none",
    })
    expect(response.output_text).toBe("fine")
    expect(memory()).toContain("whatever the client forbids")
  })

  it("tell the model what is wrong with its arguments, and go on", async () => {
    const response = await service.client.responses.create({
      model: "manager",
      input: `[[tool:remember:{"facts":1}]][[say:sorry]]`,
    })
    expect(response.output_text).toBe("sorry")
    expect(teamCallsOf(response)).toMatchObject([{ name: "remember", status: "failed" }])
    expect(seenOutputs()).toContain("The arguments of remember are not valid: fact: ")
  })

  it("are lines of reasoning in a chat completion", async () => {
    const stream = service.client.chat.completions.stream({
      model: "manager",
      messages: [{ role: "user", content: `[[tool:remember:{"fact":"from a chat"}]][[say:ok]]` }],
    })
    const completion = await stream.finalChatCompletion()
    expect(completion.choices[0]?.message).toMatchObject({ content: "ok" })
    expect(JSON.stringify(completion)).toContain("called team.remember")
    expect(memory()).toContain("from a chat")
  })

  it("know the agents under the name that codex has for a tool of its own", async () => {
    const response = await service.client.responses.create({
      model: "manager",
      input: "[[tool:team_list_agents:{}]][[say:seen]]",
    })
    expect(response.output_text).toBe("seen")
    expect(teamCallsOf(response)).toMatchObject([
      { name: "list_agents", output: "- manager (manager, you): 1 turns running" },
    ])
  })

  it("are not offered to side requests", async () => {
    /** The request without the agent's role instructions, which speak of the tools. */
    const offered = (): string => {
      // As codex sends it.
      const { input = [], ...rest } = (service.model.requests.at(-1)?.body ?? {}) as { input?: unknown[] }
      const others = input.map((item) => JSON.stringify(item)).filter((item) => !item.includes("AGENTS.md"))
      return `${JSON.stringify(rest)} ${others.join(" ")}`
    }
    await service.client.chat.completions.create(
      { model: "manager", messages: [{ role: "user", content: "[[say:A title]]" }] },
      { headers: { "x-openwebui-task": "title_generation" } },
    )
    expect(offered()).not.toContain("ask_agent")
    await service.client.responses.create({ model: "manager", input: "[[say:hi]]" })
    expect(offered()).toContain("ask_agent")
  })
})
