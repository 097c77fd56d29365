import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ProxyError } from "../../src/domain/errors.ts"
import type { ClientItem } from "../../src/domain/input-reference.ts"
import { answerText, type Item } from "../../src/domain/items.ts"
import { ChatProjection } from "../../src/protocol/chat/chunks.ts"
import { toChatCompletion } from "../../src/protocol/chat/completion.ts"
import { parseChatRequest } from "../../src/protocol/chat/request.ts"
import { encodeResponsesSse } from "../../src/protocol/responses/events.ts"
import { parseResponsesRequest } from "../../src/protocol/responses/request.ts"
import { toResponse } from "../../src/protocol/responses/resource.ts"
import { toWireItem } from "../../src/protocol/responses/wire-items.ts"
import { anyOutput, anySplit, anyText } from "./arbitrary-items.ts"
import { clientFor } from "./openai-client.ts"
import { logOf, recordOf } from "./record-fixture.ts"

const runs = { numRuns: 150 }

describe("any output of a turn", () => {
  it("accumulates in the official client to the response that is stored, numbered without gaps", async () => {
    await fc.assert(
      fc.asyncProperty(anyOutput, anySplit, async (output, split) => {
        const record = recordOf(output)
        const source = { record, serverLabel: "codex", itemAt: (index: number) => output[index] }
        const sse = logOf(output, "completed", split).flatMap((event, sequence) => [
          ...encodeResponsesSse(event, sequence, source),
        ])
        const stream = clientFor(sse.join("")).responses.stream({ model: "manager", input: "hello" })
        const numbers: number[] = []
        stream.on("event", (event) => numbers.push(event.sequence_number))
        const final = await stream.finalResponse()
        const plain = JSON.parse(
          JSON.stringify(final, (key, value) =>
            key === "parsed" || key === "parsed_arguments" ? undefined : value,
          ),
        )
        expect(plain).toMatchObject(JSON.parse(JSON.stringify(toResponse(record, "codex"))))
        expect(numbers).toEqual(numbers.map((_number, index) => index))
      }),
      runs,
    )
  })

  it("reads the same as chat chunks and as a whole completion, and as the history that a client resends", () => {
    fc.assert(
      fc.property(anyOutput, anySplit, (output, split) => {
        const record = recordOf(output, { id: "chatcmpl-1", kind: "chat" })
        const projection = new ChatProjection({ record }, { includeUsage: false })
        const sse = logOf(output, "completed", split).map((event) => projection.encode(event))
        const deltas = chunksOf(sse.join("")).map((chunk) => chunk.choices[0]?.delta ?? {})
        const content = deltas.map((delta) => delta.content ?? "").join("")
        expect(content).toBe(answerText(output))
        const message = Reflect.get(Object(toChatCompletion(record).choices), 0).message
        expect(message.content ?? "").toBe(content)
        expect(message.reasoning_content ?? "").toBe(
          deltas.map((delta) => delta.reasoning_content ?? "").join(""),
        )
      }),
      runs,
    )
  })

  it("is accepted back as input and means the same", () => {
    fc.assert(
      fc.property(anyOutput, (output) => {
        fc.pre(output.length > 0)
        // Over the wire and back, as a client does it.
        const input = JSON.parse(JSON.stringify(output.map((item) => toWireItem(item, "codex"))))
        const { turn } = parseResponsesRequest({ input })
        expect(turn.input.map(withoutId)).toEqual(output.map(withoutId))
      }),
      runs,
    )
  })

  it("is never cut inside a character, whatever it is cut from", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("🌧️", "a", "👩‍💻"), minLength: 90, maxLength: 400 }),
        (command) => {
          const item: Item = {
            type: "command",
            id: "mcp_1",
            command,
            cwd: null,
            output: "",
            exitCode: 0,
            status: "completed",
          }
          expect(JSON.stringify(toChatCompletion(recordOf([item])))).not.toMatch(/\\ud[89a-f]/)
        },
      ),
      runs,
    )
  })
})

describe("any body", () => {
  const field = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.array(
      fc.dictionary(
        fc.constantFrom(
          "type",
          "role",
          "content",
          "text",
          "image_url",
          "url",
          "tool_calls",
          "id",
          "call_id",
          "output",
          "summary",
          "__proto__",
        ),
        fc.oneof(
          fc.constantFrom(
            "message",
            "user",
            "assistant",
            "tool",
            "text",
            "input_text",
            "function_call_output",
            "mcp_call",
            "data:image/png;base64,AAA",
          ),
          fc.jsonValue({ maxDepth: 3 }),
          anyText,
        ),
      ),
      { maxLength: 4 },
    ),
  )
  const names = [
    "model",
    "input",
    "messages",
    "metadata",
    "tools",
    "stream",
    "stream_options",
    "text",
    "response_format",
    "reasoning",
    "include",
    "store",
    "temperature",
    "n",
    "stop",
  ]
  const body = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...names), field))

  it.each([
    ["chat", parseChatRequest],
    ["Responses", parseResponsesRequest],
  ])(
    "is read or refused by the %s parser with an error for the client, in words of the API",
    (_name, parse) => {
      fc.assert(
        fc.property(body, (value) => {
          try {
            parse(JSON.parse(JSON.stringify(value)))
          } catch (error) {
            expect(error).toBeInstanceOf(ProxyError)
            expect(error).toMatchObject({ code: "invalid_request" })
            expect(String(error)).not.toMatch(/zod|Invalid input|undefined/i)
          }
        }),
        { numRuns: 500 },
      )
    },
  )
})

interface Chunk {
  readonly choices: readonly { readonly delta: Readonly<Record<string, string>> }[]
}

function chunksOf(sse: string): Chunk[] {
  const lines = sse.split("\n\n").filter((line) => line !== "")
  expect(lines.pop()).toBe("data: [DONE]")
  return lines.map((line) => JSON.parse(line.slice("data: ".length)))
}

function withoutId(item: ClientItem): object {
  return { ...item, id: "" }
}
