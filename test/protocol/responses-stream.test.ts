import { createOpenAI } from "@ai-sdk/openai"
import { streamText } from "ai"
import type { ResponseStreamEvent } from "openai/resources/responses/responses"
import { describe, expect, it } from "vitest"
import type { Item } from "../../src/domain/items.ts"
import type { ResponseEvent } from "../../src/domain/response-events.ts"
import type { ResponseRecord } from "../../src/domain/responses.ts"
import { encodeResponsesSse } from "../../src/protocol/responses/events.ts"
import { toResponse } from "../../src/protocol/responses/resource.ts"
import { clientFor } from "./openai-client.ts"
import type { Split } from "./record-fixture.ts"
import { byWord, logOf, notStreamed, recordOf, richOutput } from "./record-fixture.ts"

const request = { model: "manager", input: "hello" }

function streamOf(record: ResponseRecord, log: readonly ResponseEvent[]): string {
  const source = {
    record,
    serverLabel: "codex",
    itemAt: (index: number): Item | undefined => record.output[index],
  }
  return log.flatMap((event, sequence) => [...encodeResponsesSse(event, sequence, source)]).join("")
}

async function eventsOf(sse: string): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = []
  for await (const event of clientFor(sse).responses.stream(request)) events.push(event)
  return events
}

describe("the official client on our Responses stream", () => {
  const splits: [string, Split][] = [
    ["word by word", byWord],
    ["in code units, pairs cut in two", (text) => text.split("")],
    ["without deltas", notStreamed],
  ]
  it.each(splits)(
    "accumulates every kind of item to the response that we store, %s",
    async (_name, split) => {
      const record = recordOf(richOutput)
      const stream = clientFor(streamOf(record, logOf(richOutput, "completed", split))).responses.stream(
        request,
      )
      const { output_parsed, ...final } = await stream.finalResponse()
      // The client adds `parsed` to each text part.
      const plain = JSON.parse(JSON.stringify(final, (key, value) => (key === "parsed" ? undefined : value)))
      expect(plain).toEqual(toResponse(record, "codex"))
      expect(final.output_text).toBe("Let me look around.It rains 🌧️ in Ulm.Take a coat.")
      expect(output_parsed).toBeNull()
    },
  )

  it("gets a function call with its arguments", async () => {
    const call: Item = {
      type: "function_call",
      id: "fc_1",
      callId: "call_1",
      name: "get_weather",
      arguments: `{"city": "Ulm"}`,
      status: "completed",
    }
    const record = recordOf([call])
    const stream = clientFor(streamOf(record, logOf([call]))).responses.stream(request)
    const snapshots: string[] = []
    stream.on("response.function_call_arguments.delta", (event) => snapshots.push(event.snapshot))
    const final = await stream.finalResponse()
    expect(snapshots.at(-1)).toBe(`{"city": "Ulm"}`)
    expect(final.output[0]).toMatchObject({ type: "function_call", call_id: "call_1", name: "get_weather" })
  })

  it("sees each event once, numbered from 0 without a gap", async () => {
    const events = await eventsOf(streamOf(recordOf(richOutput), logOf(richOutput)))
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index))
    expect(events.length).toBe(logOf(richOutput).length)
  })

  it("takes an incomplete ending and the reason for it", async () => {
    const record = recordOf(richOutput, { status: "incomplete", completedAt: null })
    const stream = clientFor(streamOf(record, logOf(richOutput, "incomplete"))).responses.stream(request)
    const final = await stream.finalResponse()
    expect(final.status).toBe("incomplete")
    expect(final.incomplete_details).toEqual({ reason: "interrupted" })
    expect(final.completed_at).toBeNull()
  })

  it("takes a cancelled ending as an incomplete event with the status cancelled", async () => {
    const record = recordOf([], { status: "cancelled", completedAt: null, usage: null })
    const events = await eventsOf(streamOf(record, logOf([], "cancelled")))
    expect(events.at(-1)).toMatchObject({ type: "response.incomplete", response: { status: "cancelled" } })
  })

  it("throws the agent's error when the turn failed, after everything that came before", async () => {
    const error = { code: "model_error", message: "The model server said 503.", modelStatus: 503 }
    const record = recordOf(richOutput.slice(0, 2), {
      status: "failed",
      completedAt: null,
      error,
      usage: null,
    })
    const sse = streamOf(record, logOf(record.output, "failed"))
    const seen: string[] = []
    const stream = await clientFor(sse).responses.create({ ...request, stream: true })
    const failure = await (async () => {
      for await (const event of stream) seen.push(event.type)
    })().then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(failure).toMatchObject({
      message: "The model server said 503.",
      code: "model_error",
    })
    expect(seen.at(-1)).toBe("response.output_item.done")
    await expect(clientFor(sse).responses.stream(request).finalResponse()).rejects.toThrow(
      "The model server said 503.",
    )
  })

  it("would read response.failed after the error event, as clients do that go on", () => {
    const error = { code: "backend_died", message: "It ended.", modelStatus: null }
    const record = recordOf([], { status: "failed", completedAt: null, error, usage: null })
    const sse = streamOf(record, logOf([], "failed"))
    const last = sse.split("\n\n").slice(-4)
    expect(last[0]).toMatch(/^event: error\n/)
    expect(JSON.parse(last[0]?.split("data: ")[1] ?? "")).toEqual({
      type: "error",
      code: "backend_died",
      message: "It ended.",
      param: null,
      sequence_number: 2,
    })
    expect(JSON.parse(last[1]?.split("data: ")[1] ?? "")).toMatchObject({
      type: "response.failed",
      sequence_number: 3,
      response: { status: "failed", error: { code: "backend_died", message: "It ended." } },
    })
    expect(last.slice(2)).toEqual(["data: [DONE]", ""])
  })

  const failedEarly: [string, Item[], string][] = [
    ["no item told of it", [], "invalid_prompt"],
    ...richOutput.map((item): [string, Item[], string] => [
      `its ${item.type} and the failure came at once`,
      [item],
      "backend_died",
    ]),
  ]
  it.each(failedEarly)(
    "is not asked for again by @ai-sdk/openai where the agent may have acted and %s",
    async (_name, output, code) => {
      const error = {
        code: "backend_died",
        message: "It ended.",
        modelStatus: null,
        mayHaveActed: true,
      } as const
      const record = recordOf(output, { status: "failed", completedAt: null, error, usage: null })
      const sse = streamOf(record, logOf(output, "failed"))
      let posts = 0
      const openai = createOpenAI({
        apiKey: "none",
        fetch: async () => {
          posts += 1
          return new Response(sse, { headers: { "content-type": "text/event-stream" } })
        },
      })
      const told: unknown[] = []
      const answer = streamText({
        model: openai.responses("manager"),
        prompt: "hello",
        onError: (event) => told.push(event.error),
      })
      await answer.consumeStream()
      expect({ posts, told }).toMatchObject({ posts: 1, told: [{ data: { code } }] })
    },
  )
})
