import type { ChatCompletionChunk } from "openai/resources/chat/completions"
import { describe, expect, it } from "vitest"
import { answerText, type Item } from "../../src/domain/items.ts"
import type { ResponseEvent } from "../../src/domain/response-events.ts"
import type { ResponseRecord } from "../../src/domain/responses.ts"
import { ChatProjection } from "../../src/protocol/chat/chunks.ts"
import { toChatCompletion } from "../../src/protocol/chat/completion.ts"
import { clientFor } from "./openai-client.ts"
import type { Split } from "./record-fixture.ts"
import { byWord, logOf, notStreamed, recordOf, richOutput } from "./record-fixture.ts"

const messages = [{ role: "user" as const, content: "hello" }]
const request = { model: "manager", messages, stream: true as const }

function chatRecord(output: readonly Item[], fields: Partial<ResponseRecord> = {}): ResponseRecord {
  return recordOf(output, { id: "chatcmpl-1", kind: "chat", ...fields })
}

function streamOf(record: ResponseRecord, log: readonly ResponseEvent[], includeUsage = false): string {
  const projection = new ChatProjection({ record }, { includeUsage })
  return log.map((event) => projection.encode(event)).join("")
}

async function chunksOf(sse: string): Promise<ChatCompletionChunk[]> {
  const chunks: ChatCompletionChunk[] = []
  for await (const chunk of await clientFor(sse).chat.completions.create(request)) chunks.push(chunk)
  return chunks
}

function join(chunks: readonly ChatCompletionChunk[], field: string): string {
  return chunks.map((chunk) => String(Reflect.get(chunk.choices[0]?.delta ?? {}, field) ?? "")).join("")
}

describe("the official client on our chat chunks", () => {
  const splits: [string, Split][] = [
    ["word by word", byWord],
    ["without deltas", notStreamed],
  ]
  it.each(splits)("reads the same texts as a whole completion has, %s", async (_name, split) => {
    const record = chatRecord(richOutput)
    const chunks = await chunksOf(streamOf(record, logOf(richOutput, "completed", split)))
    expect(join(chunks, "content")).toBe("It rains 🌧️ in Ulm.\n\nTake a coat.")
    expect(join(chunks, "content")).toBe(answerText(richOutput))
    expect(toChatCompletion(record)).toMatchObject({
      choices: [
        {
          finish_reason: "stop",
          message: { content: join(chunks, "content"), reasoning_content: join(chunks, "reasoning_content") },
        },
      ],
    })
  })

  it("shows thoughts, commentary and the agent's own work as reasoning_content", async () => {
    const chunks = await chunksOf(streamOf(chatRecord(richOutput), logOf(richOutput)))
    expect(join(chunks, "reasoning_content").split("\n\n")).toEqual([
      "I look first.",
      "Then I act.",
      "Let me look around.",
      "$ ls -la",
      "$ npm test",
      "exit code 1",
      "edited src/a.ts\nadded b.txt",
      "called github.list_issues",
      "failed: not allowed",
      "searched for weather in Ulm",
    ])
  })

  it("accumulates to a completion with one id, the role and one finish_reason", async () => {
    const record = chatRecord(richOutput)
    const sse = streamOf(record, logOf(richOutput))
    const chunks = await chunksOf(sse)
    expect(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.model} ${chunk.created}`))).toEqual(
      new Set(["chatcmpl-1 manager 1700000000"]),
    )
    expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant")
    expect(chunks.filter((chunk) => chunk.choices[0]?.delta.role !== undefined)).toHaveLength(1)
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean)).toEqual(["stop"])
    const final = await clientFor(sse).chat.completions.stream(request).finalChatCompletion()
    expect(final.choices[0]?.message.content).toBe(answerText(richOutput))
  })

  it("sends the role with the first event, long before there is text", () => {
    const projection = new ChatProjection({ record: chatRecord([]) }, { includeUsage: false })
    expect(projection.encode({ type: "created" })).toContain(`"role":"assistant"`)
    expect(projection.encode({ type: "in_progress" })).toBe("")
  })

  it("adds the usage in a last chunk without choices, only when it was asked for", async () => {
    const record = chatRecord(richOutput)
    const chunks = await chunksOf(streamOf(record, logOf(richOutput), true))
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 120,
        prompt_tokens_details: { cached_tokens: 40 },
        completion_tokens_details: { reasoning_tokens: 5 },
      },
    })
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null && chunk.choices.length === 1)).toBe(
      true,
    )
    const without = await chunksOf(streamOf(record, logOf(richOutput)))
    expect(without.every((chunk) => chunk.choices.length === 1 && !("usage" in chunk))).toBe(true)
  })

  it("streams parallel function calls that add up to the whole ones", async () => {
    const calls = ["Ulm", "Bonn"].map(
      (city, index): Item => ({
        type: "function_call",
        id: `fc_${index}`,
        callId: `call_${index}`,
        name: "get_weather",
        arguments: `{"city": "${city}"}`,
        status: "completed",
      }),
    )
    const record = chatRecord(calls)
    const final = await clientFor(streamOf(record, logOf(calls)))
      .chat.completions.stream(request)
      .finalChatCompletion()
    const whole = toChatCompletion(record)
    expect(final.choices[0]?.finish_reason).toBe("tool_calls")
    expect(final.choices[0]?.message.tool_calls?.map((call) => call.id)).toEqual(["call_0", "call_1"])
    expect(whole).toMatchObject({
      choices: [
        {
          finish_reason: "tool_calls",
          message: {
            content: null,
            tool_calls: [
              {
                id: "call_0",
                type: "function",
                function: { name: "get_weather", arguments: `{"city": "Ulm"}` },
              },
              {
                id: "call_1",
                type: "function",
                function: { name: "get_weather", arguments: `{"city": "Bonn"}` },
              },
            ],
          },
        },
      ],
    })
  })

  it("raises the agent's error when the turn failed after text was sent", async () => {
    const error = { code: "turn_timeout", message: "The turn took longer than 600 s.", modelStatus: null }
    const record = chatRecord(richOutput, { status: "failed", error })
    const sse = streamOf(record, logOf(richOutput, "failed"))
    await expect(chunksOf(sse)).rejects.toMatchObject({
      message: "The turn took longer than 600 s. (turn_timeout, after the agent had acted)",
      code: "turn_timeout",
      type: "invalid_request_error",
    })
    // Behind the error the connection breaks.
    expect(sse).not.toContain("[DONE]")
  })

  it.each(["incomplete", "cancelled"] as const)(
    "ends an answer that is %s with the finish_reason length",
    async (status) => {
      const record = chatRecord(richOutput, { status })
      const chunks = await chunksOf(streamOf(record, logOf(richOutput, status)))
      expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("length")
      expect(toChatCompletion(record)).toMatchObject({ choices: [{ finish_reason: "length" }] })
    },
  )
})
