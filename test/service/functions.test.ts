import { readFileSync } from "node:fs"
import { join } from "node:path"
import type OpenAI from "openai"
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { toolOutputsOf } from "../model-server/request-readers.ts"
import {
  askInResponses as ask,
  askInChat,
  callsOf,
  outputsFor,
  tools,
  twoCalls,
  weather,
  withResults,
} from "../support/client-functions.ts"
import { turnsInLog } from "../support/codex-log.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

const modes = [
  { modelName: "scripted-1", mode: "an unknown model" },
  { modelName: "gpt-5.5", mode: "gpt-5.5" },
  { modelName: "gpt-6-sol", mode: "code mode" },
]

const hows = [
  ["whole", false],
  ["streamed", true],
] as const

/** What the scripted model says that each request to it used. */
const tokensPerRequest = 1290

interface Told {
  readonly usage?: { readonly total_tokens: number } | null | undefined
}

/** All answers together tell of each request to the model once. */
function expectUsageCountedOnce(service: TestService, answers: readonly Told[]): void {
  const told = answers.map(({ usage }) => usage?.total_tokens ?? 0)
  expect(told.reduce((sum, tokens) => sum + tokens, 0)).toBe(tokensPerRequest * service.model.requests.length)
}

/** Of codex, that the model was asked in. */
function threadsOf(service: TestService): readonly string[] {
  return [...new Set(service.model.requests.map(({ headers }) => headers["thread-id"] ?? ""))]
}

/** The one thread that the model was asked in has run one turn by codex's own log, from beginning to end. */
async function expectOneTurn(service: TestService): Promise<void> {
  const [thread = "", ...others] = threadsOf(service)
  expect(others).toEqual([])
  await expectInLog(service, ["task_started", "task_complete"], thread)
}

async function expectInLog(service: TestService, marks: readonly string[], thread: string): Promise<void> {
  await waitFor(() => turnsInLog(service.codex.home, thread).length >= marks.length, {
    what: "codex to log the end of its turn",
    timeoutMs: 30_000,
  })
  expect(turnsInLog(service.codex.home, thread)).toEqual(marks)
}

describe.each(modes)("functions of the client with $mode", ({ modelName }) => {
  let service: TestService
  let client: OpenAI

  beforeAll(async () => {
    service = await startTestService({ modelName })
    client = service.client
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  /** Outputs that the model got, in all requests. */
  function seenOutputs(): string {
    return service.model.requests
      .flatMap(toolOutputsOf)
      .map((output) => output.text)
      .join("\n")
  }

  it.each(hows)(
    "go both ways in Responses %s: two calls at once, answered in one request, in the same native turn",
    async (_how, streams) => {
      const first = await ask(client, { input: `${twoCalls}[[say:done]]` }, streams)
      expect(first.status).toBe("completed")
      expect(
        callsOf(first)
          .map((call) => [call.name, JSON.parse(call.arguments)])
          .sort(),
      ).toEqual([
        ["get_time", { city: "Rome" }],
        ["get_weather", { city: "Oslo" }],
      ])
      const requestsBefore = service.model.requests.length
      const answer = { previous_response_id: first.id, input: outputsFor(first) }
      const second = await ask(client, answer, streams)
      expect(second.output_text).toBe("done")
      expect(seenOutputs()).toMatch(/get_weather says 21/)
      expect(seenOutputs()).toMatch(/get_time says 21/)
      // The same native turn: one more request to the model, on the same thread of codex.
      expect(service.model.requests).toHaveLength(requestsBefore + 1)
      await expectOneTurn(service)
      expectUsageCountedOnce(service, [first, second])
    },
  )

  it.each(hows)(
    "take messages along with their outputs %s, in the same native turn",
    async (_how, streams) => {
      const input = `[[tool:get_weather:{"city":"Oslo"}]][[say:done]]`
      const reminders = [
        { role: "developer" as const, content: "Mind the rules." },
        { role: "user" as const, content: "[[say:noted]]" },
      ]
      const first = await ask(client, { input }, streams)
      const answer = { previous_response_id: first.id, input: [...outputsFor(first), ...reminders] }
      const second = await ask(client, answer, streams)
      expect(second.output_text).toBe("noted")
      await expectOneTurn(service)
      expectUsageCountedOnce(service, [first, second])
      service.model.clearRequests()

      const messages: ChatCompletionMessageParam[] = [{ role: "user", content: input }]
      const called = await askInChat(client, messages, streams)
      messages.push(...withResults(called), ...reminders)
      const noted = await askInChat(client, messages, streams)
      expect(noted.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "noted" } })
      await expectOneTurn(service)

      messages.push({ role: "assistant", content: "noted" }, { role: "user", content: "[[say:again]]" })
      expect((await askInChat(client, messages, streams)).choices[0]?.message.content).toBe("again")
      expect(threadsOf(service)).toHaveLength(1)
      const heard = JSON.stringify(service.model.requests.at(-1)?.posted)
      for (const words of ["Mind the rules.", "[[say:noted]]"]) expect(heard.split(words)).toHaveLength(2)
    },
  )

  it.each(hows)(
    "go both ways in chat %s, with a history that is resent, in the same native turn",
    async (_how, streams) => {
      const messages: ChatCompletionMessageParam[] = [{ role: "user", content: `${twoCalls}[[say:done]]` }]
      const first = await askInChat(client, messages, streams)
      expect(first.choices[0]?.finish_reason).toBe("tool_calls")
      const calls = first.choices[0]?.message.tool_calls ?? []
      expect(calls.map((call) => call.type === "function" && call.function.name).sort()).toEqual([
        "get_time",
        "get_weather",
      ])
      messages.push(...withResults(first))
      const requestsBefore = service.model.requests.length
      const second = await askInChat(client, messages, streams)
      expect(second.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "done" } })
      expect(service.model.requests).toHaveLength(requestsBefore + 1)
      for (const call of calls) expect(seenOutputs()).toContain(`result of ${call.id}`)
      await expectOneTurn(service)
      expectUsageCountedOnce(service, [first, second])
    },
  )

  it("are told anew, with new instructions, when the set changes while calls are open", async () => {
    const first = await client.responses.create({
      model: "manager",
      instructions: "The old way.",
      input: `${twoCalls}[[say:done]]`,
      tools,
    })
    const second = await client.responses.create({
      model: "manager",
      instructions: "The new way.",
      previous_response_id: first.id,
      input: outputsFor(first),
      tools: [{ ...weather, name: "get_news" }],
    })
    expect(second.output_text).toBe("done")
    const request = service.model.requests.at(-1)
    const body = JSON.stringify(request?.body)
    expect(body).toContain("The new way.")
    expect(body).not.toContain("The old way.")
    expect(body).toContain("get_news")
    expect(seenOutputs()).toMatch(/get_weather says 21/)
  })

  it("are answered after a restart: the agent goes on from the real results", async () => {
    const first = await client.responses.create({
      model: "manager",
      input: `[[shell:echo side-effect]][[then]]${twoCalls}[[say:went on]]`,
      tools,
    })
    expect(callsOf(first)).toHaveLength(2)
    await service.restart()
    client = service.client
    service.model.clearRequests()
    const second = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: outputsFor(first),
      tools,
    })
    expect(second.output_text).toBe("went on")
    expect(second.output.filter((item) => item.type === "mcp_call")).toEqual([])
    expect(seenOutputs()).toContain("get_weather says 21")
    expect(service.model.requests).toHaveLength(1)
    expectUsageCountedOnce(service, [second])
    const third = await client.responses.create({
      model: "manager",
      previous_response_id: second.id,
      input: "[[say:still here]]",
      tools,
    })
    expect(third.output_text).toBe("still here")
  })

  it.each(hows)(
    "named like the agent's own tools reach the client and nobody else, %s",
    async (_how, streams) => {
      const own = [
        { ...weather, name: "exec_command" },
        { ...weather, name: "web_search" },
      ]
      // What the model is offered under its own name would be the agent's: the client's has an alias on the way.
      const input =
        '[[tool:client_exec_command:{"city":"Oslo"}]][[tool:client_web_search:{"city":"Rome"}]][[say:done]]'
      const first = await ask(client, { input, tools: own }, streams)
      const expected = [
        ["exec_command", { city: "Oslo" }],
        ["web_search", { city: "Rome" }],
      ]
      expect(
        callsOf(first)
          .map((call) => [call.name, JSON.parse(call.arguments)])
          .sort(),
      ).toEqual(expected)
      const answer = { previous_response_id: first.id, input: outputsFor(first), tools: own }
      const second = await ask(client, answer, streams)
      expect(second.output_text).toBe("done")
      expect(seenOutputs()).toMatch(/exec_command says 21/)
      expect(seenOutputs()).toMatch(/web_search says 21/)
      // The agent itself has run nothing and searched for nothing.
      const shown = [first, second].flatMap(({ output }) => output.map((item) => item.type))
      expect(shown.filter((type) => !["function_call", "message", "reasoning"].includes(type))).toEqual([])

      const messages: ChatCompletionMessageParam[] = [{ role: "user", content: input }]
      const called = await askInChat(client, messages, streams, own)
      expect(
        called.choices[0]?.message.tool_calls
          ?.map(
            (call) => call.type === "function" && [call.function.name, JSON.parse(call.function.arguments)],
          )
          .sort(),
      ).toEqual(expected)
      messages.push(...withResults(called))
      const told = await askInChat(client, messages, streams, own)
      expect(told.choices[0]?.message.content).toBe("done")
      for (const { id } of called.choices[0]?.message.tool_calls ?? []) {
        expect(seenOutputs()).toContain(`result of ${id}`)
      }
    },
  )
})

describe.each(modes)("functions of the client that are answered too late with $mode", ({ modelName }) => {
  let service: TestService
  let client: OpenAI

  beforeAll(async () => {
    // A script's calls may wait for a shorter time only, whatever the user allows; others as long as that.
    const isCodeMode = modelName === "gpt-6-sol"
    service = await startTestService({
      modelName,
      ...(isCodeMode ? { codexTimeouts: { scriptHoldMs: 300 } } : { limits: { parkMs: 300 } }),
    })
    client = service.client
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  /** A turn that runs a command, then calls two functions. */
  const scriptWith = (counter: string) => `[[shell:echo x >> ${counter}]][[then]]${twoCalls}[[say:done]]`

  /** Waits for the limit to pass; resolves with how often the model was asked until then. */
  async function tooLate(): Promise<number> {
    const [thread = ""] = threadsOf(service)
    await expectInLog(service, ["task_started", "turn_aborted"], thread)
    return service.model.requests.length
  }

  /** The command ran once, and the real results were all that the model was asked about after the limit. */
  function expectToGoOn(asked: number, counter: string, results: readonly string[]): void {
    expect(service.model.requests).toHaveLength(asked + 1)
    expect(readFileSync(counter, "utf8")).toBe("x\n")
    const request = service.model.requests.at(-1)
    const seen = request === undefined ? [] : toolOutputsOf(request).map(({ text }) => text)
    for (const result of results) expect(seen.filter((text) => text.includes(result))).toHaveLength(1)
  }

  it.each(hows)(
    "go on in Responses %s from the real results, with no side effect repeated",
    async (how, streams) => {
      const counter = join(service.home, `counter-responses-${how}`)
      const first = await ask(client, { input: scriptWith(counter) }, streams)
      expect(callsOf(first)).toHaveLength(2)
      const asked = await tooLate()
      const answer = { previous_response_id: first.id, input: outputsFor(first) }
      const second = await ask(client, answer, streams)
      expect(second.output_text).toBe("done")
      expect(second.output.filter((item) => item.type === "mcp_call")).toEqual([])
      expectToGoOn(asked, counter, ["get_weather says 21", "get_time says 21"])
      expectUsageCountedOnce(service, [first, second])
    },
  )

  it.each(hows)(
    "go on in chat %s from the real results, with no side effect repeated",
    async (how, streams) => {
      const counter = join(service.home, `counter-chat-${how}`)
      const messages: ChatCompletionMessageParam[] = [{ role: "user", content: scriptWith(counter) }]
      const first = await askInChat(client, messages, streams)
      const asked = await tooLate()
      messages.push(...withResults(first))
      const second = await askInChat(client, messages, streams)
      expect(second.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "done" } })
      const ids = first.choices[0]?.message.tool_calls?.map(({ id }) => `result of ${id}`) ?? []
      expect(ids).toHaveLength(2)
      expectToGoOn(asked, counter, ids)
      expectUsageCountedOnce(service, [first, second])
    },
  )
})
