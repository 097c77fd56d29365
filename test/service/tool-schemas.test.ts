import { expect, it, vi } from "vitest"
import { functionRules } from "../../src/backends/kit/functions/function-rules.ts"
import { describeOnEachCli } from "../support/cli-service.ts"
import { askInChat, askInResponses, callsOf } from "../support/client-functions.ts"
import { offeredNames } from "../support/offered-names.ts"
import type { TestService } from "../support/test-service.ts"
import { type CorpusEntry, corpus } from "../tool-schemas/corpus.ts"

vi.setConfig({ testTimeout: 300_000, hookTimeout: 240_000 })

/** Checks of so many schemas are kept by the service: more would be compiled anew for each request. */
const batchSize = 40
/** One of so many is called as well; `TOOL_SCHEMAS=all` calls each. */
const every = process.env.TOOL_SCHEMAS === "all" ? 1 : 12

const batches = Array.from({ length: Math.ceil(corpus.length / batchSize) }, (_, index) =>
  corpus.slice(index * batchSize, (index + 1) * batchSize),
)

const toolOf = ({ name, parameters }: CorpusEntry) => ({
  type: "function" as const,
  name,
  description: `Does ${name}`,
  parameters,
  strict: false,
})
const sampled = (batch: readonly CorpusEntry[], offset: number) =>
  batch.filter((_, index) => index % every === offset % every)
const directive = ({ name, sample }: CorpusEntry) => `[[tool:${name}:${JSON.stringify(sample)}]]`

/** Answers call after call until there is none; what was called, in order. */
async function callAll(
  service: TestService,
  batch: readonly CorpusEntry[],
  called: readonly CorpusEntry[],
  streams: boolean,
): Promise<readonly (readonly [string, unknown])[]> {
  const tools = batch.map(toolOf)
  const seen: (readonly [string, unknown])[] = []
  let response = await askInResponses(
    service.client,
    { input: `${called.map(directive).join("")}[[say:all told]]`, tools },
    streams,
  )
  while (callsOf(response).length > 0) {
    const calls = callsOf(response)
    seen.push(...calls.map((call) => [call.name, JSON.parse(call.arguments)] as const))
    response = await askInResponses(
      service.client,
      {
        previous_response_id: response.id,
        tools,
        input: calls.map(({ call_id }) => ({ type: "function_call_output", call_id, output: "done" })),
      },
      streams,
    )
  }
  expect([response.status, response.output_text]).toEqual(["completed", expect.stringContaining("all told")])
  return seen
}

it("is a corpus of at least 200 schemas, each with a name of its own", () => {
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length)
  expect(corpus.length).toBeGreaterThanOrEqual(200)
})

describeOnEachCli("tool schemas of all kinds", (cli, service) => {
  it.each(batches.map((batch, index) => [index, batch] as const))(
    "reach the model, and its calls the right function: batch %i",
    async (index, batch) => {
      service().model.clearRequests()
      const called = sampled(batch, index)
      const seen = await callAll(service(), batch, called, index % 2 === 1)
      const offered = offeredNames(service().model)
      const { prefix } = functionRules[cli]
      expect(batch.map((entry) => entry.name).filter((own) => !offered.has(prefix + own))).toEqual([])
      expect(Object.fromEntries(seen)).toEqual(
        Object.fromEntries(called.map(({ name, sample }) => [name, sample])),
      )
      expect(seen).toHaveLength(called.length)
    },
  )

  it.each([false, true])("reach it from chat completions as well (streams: %s)", async (streams) => {
    const batch = corpus.filter((entry) => entry.name.startsWith("hand_"))
    const [first] = batch
    if (first === undefined) throw new Error("there is none")
    service().model.clearRequests()
    const tools = batch.map(toolOf)
    const completion = await askInChat(
      service().client,
      [{ role: "user", content: `${directive(first)}[[say:x]]` }],
      streams,
      tools,
    )
    const offered = offeredNames(service().model)
    const { prefix } = functionRules[cli]
    expect(batch.map((entry) => entry.name).filter((own) => !offered.has(prefix + own))).toEqual([])
    expect(completion.choices[0]?.message.tool_calls).toHaveLength(1)
  })
})
