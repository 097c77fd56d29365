import fc from "fast-check"
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import type { ResponseInput } from "openai/resources/responses/responses"
import { expect, it, vi } from "vitest"
import { functionRules } from "../../src/backends/kit/functions/function-rules.ts"
import { FittedFunctions, namesFor } from "../../src/backends/kit/functions/handed-functions.ts"
import { objectsOf, type RecordedRequest, stringOf } from "../model-server/wire.ts"
import { anyClientText } from "../support/arbitrary-texts.ts"
import { type CliName, describeOnEachCli } from "../support/cli-service.ts"
import { askInChat, askInResponses, type ClientFunction, callsOf } from "../support/client-functions.ts"
import { offeredTools } from "../support/offered-names.ts"
import { propertyRuns } from "../support/property-runs.ts"
import type { TestService } from "../support/test-service.ts"
import { anyNames } from "../tool-schemas/arbitrary-names.ts"
import { anyParameters, type Parameters, problemOf } from "../tool-schemas/arbitrary-schemas.ts"

vi.setConfig({ testTimeout: 3_600_000, hookTimeout: 240_000 })

/** What fails is told whole: to make it smaller would take hours, as each try is some turns of a real program. */
const runs = { ...propertyRuns(1), endOnFailure: true }
const batchSize = 16
let salt = 0

interface Sent extends ClientFunction {
  readonly sample: Parameters["sample"]
}

/** Names of arguments that CLIs are known to lose a call for: offered, and not called with. */
const callable = anyParameters.filter(
  ({ sample }) => !/"(?:constructor|__proto__)":/.test(JSON.stringify(sample)),
)
const functions = anyNames(batchSize).chain((names) =>
  fc.tuple(
    ...names.map((name) =>
      callable.map(({ parameters, sample }) => ({
        type: "function" as const,
        name,
        description: "",
        parameters,
        strict: false,
        sample,
      })),
    ),
  ),
)

const ofChat = (parts: readonly Sent[]): ClientFunction[] => parts.map(({ sample: _sample, ...tool }) => tool)

/** The functions, each with a description that tells it from all others that were ever offered. */
function marked(given: readonly Sent[]): readonly Sent[] {
  salt += 1
  return given.map((tool, index) => ({ ...tool, description: `Function ${index} of set ${salt}.` }))
}

/** What the model was offered for each of them, in their order; throws where one is not there, or there more than once. */
function shownFor(service: TestService, tools: readonly Sent[]) {
  const all = offeredTools(service.model)
  return tools.map((tool) => {
    const shown = all.filter(({ description }) => description.includes(tool.description))
    const [first] = shown
    if (first === undefined) throw new Error(`${tool.name} was not offered: ${JSON.stringify(tool)}`)
    expect([tool.name, new Set(shown.map(({ name }) => name)).size]).toEqual([tool.name, 1])
    return first
  })
}

/** The newest request, beside what a CLI asks on its own without tools. */
function newestOf({ model }: TestService): RecordedRequest | undefined {
  return model.requests.findLast(
    ({ body }) =>
      (body.tools ?? []).length > 0 || body.input.some((item) => item.type === "additional_tools"),
  )
}

/** As JSON in which no text has a bracket, for these end a directive. */
function withoutBrackets(value: unknown): string {
  return JSON.stringify(value).replaceAll(/"(?:[^"\\]|\\.)*"/g, (text) =>
    text.replaceAll("[", "\\u005b").replaceAll("]", "\\u005d"),
  )
}

/** Every text in what was posted to the model last, beside what a CLI asks on its own. */
function postedTexts(service: TestService): readonly string[] {
  const { posted } = newestOf(service) ?? {}
  const found: string[] = []
  const visit = (value: unknown): void => {
    if (typeof value === "string") found.push(value)
    else if (typeof value === "object" && value !== null)
      for (const inner of Object.values(value)) visit(inner)
  }
  for (const part of ["input", "messages", "contents"]) visit(posted?.[part])
  return found
}

/** The text as the table says that the model gets it. */
function toldText(cli: CliName, text: string): string {
  return cli === "claude" ? text.replaceAll(/<(\/?)system-reminder>/g, "<$1system-reminder >") : text
}

/** True where the model got the text by itself; copilot puts the time and its own reminders around what a user says. */
function isTold(cli: CliName, posted: readonly string[], text: string): boolean {
  const told = toldText(cli, text)
  return posted.some((found) => {
    if (cli === "copilot") return found.includes(told)
    // The first message of a session over ACP has what the agent is told in front of it.
    if (cli !== "codex" && found.startsWith("<instructions>")) return found.endsWith(`\n\n${told}`)
    // claude ends each message that it joins with another one by a line feed.
    return found === told || (cli === "claude" && found === `${told}\n`)
  })
}

describeOnEachCli("whatever a client sends", (cli, service) => {
  it("all functions reach the model, and their calls the client, whatever their names and schemas are", async () => {
    await fc.assert(
      fc.asyncProperty(functions, fc.boolean(), async (given, streams) => {
        const { model, client } = service()
        const sent = marked(given)
        const tools = ofChat(sent)
        model.clearRequests()
        const first = await askInResponses(client, { input: `[[say:set ${salt}]]`, tools }, streams)
        expect([first.error ?? null, first.output_text]).toEqual([null, `set ${salt}`])
        const shown = shownFor(service(), sent)
        const names = namesFor(cli, sent)
        for (const [index, tool] of sent.entries()) {
          expect(shown[index]?.name).toBe(functionRules[cli].prefix + names.toNative(tool.name))
          const schema = shown[index]?.schema ?? null
          if (schema === null) continue
          expect([tool.name, problemOf(schema, tool.sample)]).toEqual([tool.name, null])
          const { parameters } = new FittedFunctions().handed(tool, names, functionRules[cli].schema)
          const handed = JSON.parse(JSON.stringify(parameters))
          // The others write them in their own words, or for the vendor of the model.
          if (cli === "claude") expect(schema).toEqual(handed)
          if (cli === "opencode") expect(schema).toEqual({ ...handed, additionalProperties: false })
        }
        const script = sent.map(
          ({ sample }, index) => `[[tool:${shown[index]?.name}:${withoutBrackets(sample)}]]`,
        )
        const input = `Call all of set ${salt}. ${script.join("")}[[say:told ${salt}]]`
        let response = await askInResponses(client, { input, tools }, streams)
        const called = new Map<string, unknown>()
        while (callsOf(response).length > 0) {
          const calls = callsOf(response)
          for (const call of calls) {
            expect([call.name, called.has(call.name)]).toEqual([call.name, false])
            called.set(call.name, JSON.parse(call.arguments))
          }
          const outputs = calls.map(({ call_id, name }) => ({
            type: "function_call_output" as const,
            call_id,
            output: `${name} says ${salt}`,
          }))
          const more = { previous_response_id: response.id, tools, input: outputs }
          response = await askInResponses(client, more, streams)
        }
        expect([...called.keys()].toSorted()).toEqual(sent.map(({ name }) => name).toSorted())
        expect(called).toEqual(new Map(sent.map(({ name, sample }) => [name, sample])))
        expect(response.output_text).toContain(`told ${salt}`)
        const posted = postedTexts(service()).join("\n")
        for (const { name } of sent) expect(posted).toContain(`${name} says ${salt}`)
      }),
      runs,
    )
  })

  it("each text is a text: none is a command, a file or a skill", async () => {
    const texts = fc.array(anyClientText, { minLength: 12, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(texts, fc.boolean(), async (given, streams) => {
        const { model, client } = service()
        let previous: string | null = null
        for (const [index, text] of given.entries()) {
          const input = `${text}[[say:seen ${index}]]`
          model.clearRequests()
          const more = previous === null ? {} : { previous_response_id: previous }
          const response = await askInResponses(client, { input, tools: [], ...more }, streams)
          expect([text, response.output_text]).toEqual([text, `seen ${index}`])
          const posted = postedTexts(service())
          if (!isTold(cli, posted, input)) throw new Error(`${JSON.stringify([input, ...posted.slice(-3)])}`)
          previous = response.id
        }
      }),
      runs,
    )
  })

  it("a history is told with each call's own result, whatever ids, names and texts other providers gave", async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.boolean(), fc.boolean(), async (rounds, isChat, streams) => {
        const { model, client } = service()
        salt += 1
        model.clearRequests()
        const messages = messagesOf(rounds)
        const input = `Go on. [[say:went on ${salt}]]`
        if (isChat) {
          const asked = [...messages, { role: "user" as const, content: input }]
          const chat = await askInChat(client, asked, streams)
          expect(chat.choices[0]?.message.content).toBe(`went on ${salt}`)
        } else {
          const asked = [...messages.flatMap(itemsOf), { role: "user" as const, content: input }]
          const response = await askInResponses(client, { input: asked }, streams)
          expect(response.output_text).toBe(`went on ${salt}`)
        }
        expectTold(cli, service(), rounds)
      }),
      runs,
    )
  })
})

interface Call {
  readonly id: string
  readonly name: string
  readonly arguments: string
  readonly result: string
}

interface Round {
  readonly asked: string
  readonly calls: readonly Call[]
  readonly said: string
}

const foreignId = fc.oneof(
  fc.constantFrom(
    "call_0",
    "call_0_2",
    "call_1",
    "0",
    "a.b",
    "a_b",
    "functions.f:0",
    "x".repeat(64),
    "x".repeat(200),
  ),
  fc.string({ minLength: 1, maxLength: 80, unit: "grapheme-ascii" }),
  fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }),
)
const foreignName = fc.oneof(
  fc.constantFrom(
    "get_weather",
    "get_time",
    "get.weather",
    "my.files.read",
    "exec",
    "Bash",
    "run_shell_command",
  ),
  fc.string({ minLength: 1, maxLength: 90, unit: "grapheme-ascii" }),
  anyNames(1).map(([name]) => name ?? "f"),
)
const histories: fc.Arbitrary<Round[]> = fc
  .array(
    fc.record({
      asked: anyClientText,
      said: anyClientText,
      calls: fc.uniqueArray(
        fc.record({
          id: foreignId,
          name: foreignName,
          arguments: fc.constantFrom("{}", '{"city":"Oslo"}', '{"a":{"b":[1]}}'),
          result: anyClientText,
        }),
        { selector: ({ id }) => id, maxLength: 3 },
      ),
    }),
    { minLength: 6, maxLength: 6 },
  )
  // Each text is told from all others.
  .map((rounds) =>
    rounds.map(({ asked, said, calls }, round) => ({
      asked: `${asked} asked ${round}.`,
      said: `${said} said ${round}.`,
      calls: calls.map((call, index) => ({ ...call, result: `${call.result} result ${round}-${index}.` })),
    })),
  )

function messagesOf(rounds: readonly Round[]): ChatCompletionMessageParam[] {
  return rounds.flatMap(({ asked, calls, said }) => [
    { role: "user" as const, content: `${asked}${salt}` },
    ...(calls.length === 0
      ? []
      : [
          {
            role: "assistant" as const,
            tool_calls: calls.map((call) => ({
              id: call.id,
              type: "function" as const,
              function: { name: call.name, arguments: call.arguments },
            })),
          },
          ...calls.map(({ id, result }) => ({
            role: "tool" as const,
            tool_call_id: id,
            content: `${result}${salt}`,
          })),
        ]),
    { role: "assistant" as const, content: `${said}${salt}` },
  ])
}

/** The same for Responses. */
function itemsOf(message: ChatCompletionMessageParam): ResponseInput {
  if (message.role === "tool") {
    const { tool_call_id: call_id, content } = message
    return [{ type: "function_call_output", call_id, output: String(content) }]
  }
  if (message.role !== "assistant" || message.tool_calls === undefined) {
    return [{ role: message.role as "user", content: String(message.content) }]
  }
  return message.tool_calls.flatMap((call) =>
    "function" in call ? [{ type: "function_call" as const, call_id: call.id, ...call.function }] : [],
  )
}

/** What codex and claude are told as calls and results, others as text. */
function expectTold(cli: CliName, service: TestService, rounds: readonly Round[]): void {
  const posted = postedTexts(service)
  const all = posted.join("\n")
  const { body } = newestOf(service) ?? {}
  const isNative = cli === "codex" || cli === "claude"
  const items = body?.input ?? []
  const calls = items.filter((item) => item.type === "function_call")
  const results = items.filter((item) => item.type === "function_call_output")
  if (isNative) {
    const ids = calls.map((item) => stringOf(item.call_id))
    expect(new Set(ids).size).toBe(ids.length)
    expect(results.map((item) => stringOf(item.call_id)).toSorted()).toEqual(ids.toSorted())
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    for (const { name } of calls) expect(name).toMatch(cli === "codex" ? /^[\w-]{1,64}$/ : /^[\w-]{1,128}$/)
  }
  let place = 0
  for (const { asked, calls: made, said } of rounds) {
    for (const text of [`${asked}${salt}`, `${said}${salt}`]) {
      const isThere = isNative ? isTold(cli, posted, text) : all.includes(text.replaceAll(closing, "<\\/"))
      if (!isThere) throw new Error(`not told: ${JSON.stringify([text, ...posted])}`)
    }
    for (const { id, result } of made) {
      const text = `${result}${salt}`
      if (isNative) {
        const call = calls[place]
        const own = results.find((item) => item.call_id === call?.call_id)
        expect([text, textsIn(own?.output)]).toEqual([text, [toldText(cli, text)]])
      } else expect(all).toContain(`result of ${id}: ${text.replaceAll(closing, "<\\/")}`)
      place += 1
    }
  }
  if (isNative) expect(calls).toHaveLength(place)
}

/** What would end the marks of a history that is told as text. */
const closing = /<\/(?=message|conversation)/g

function textsIn(output: unknown): readonly string[] {
  if (typeof output === "string") return [output]
  return objectsOf(output).map((part) => stringOf(part.text))
}
