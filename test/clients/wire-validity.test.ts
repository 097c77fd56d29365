import { describe, expect, it } from "vitest"
import { chatStreamFaults } from "./chat-stream-validity.ts"
import { socketWireFaults } from "./socket-faults.ts"
import { responsesStreamFaults, type Wire } from "./wire-validity.ts"

const place = { item_id: "msg_1", output_index: 0 }
const part = { ...place, content_index: 0 }
const item = { type: "message", id: "msg_1", content: [{ type: "output_text", text: "Hello" }] }

function goodEvents(): Wire[] {
  return [
    { type: "response.created", response: { id: "resp_1", status: "in_progress", output: [] } },
    { type: "response.in_progress", response: { id: "resp_1", status: "in_progress", output: [] } },
    { type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } },
    { type: "response.content_part.added", ...part, part: { text: "" } },
    { type: "response.output_text.delta", ...part, delta: "Hel" },
    { type: "response.output_text.delta", ...part, delta: "lo" },
    { type: "response.output_text.done", ...part, text: "Hello" },
    { type: "response.content_part.done", ...part, part: { text: "Hello" } },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: { id: "resp_1", status: "completed", output: [item] } },
  ]
}

function encode(events: readonly Wire[]): string {
  const numbered = events.map((event, index) => ({
    ...event,
    sequence_number: event.sequence_number ?? index,
  }))
  const blocks = numbered.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  return `${blocks.join("")}data: [DONE]\n\n`
}

describe("the check of a Responses stream", () => {
  it("passes a good one, comments included", () => {
    expect(responsesStreamFaults(`: keep-alive\n\n${encode(goodEvents())}`)).toEqual([])
  })

  it.each<{ fault: string; change: (events: Wire[]) => unknown; tells: RegExp }>([
    {
      fault: "a gap in the numbers",
      change: (e) => (e[4].sequence_number = 7),
      tells: /number 4 was expected/,
    },
    { fault: "another item_id", change: (e) => (e[5].item_id = "msg_2"), tells: /item_id is msg_2/ },
    { fault: "no output_item.added", change: (e) => e.splice(2, 1), tells: /item 0 was never added/ },
    { fault: "no content_part.added", change: (e) => e.splice(3, 1), tells: /part 0 was never added/ },
    { fault: "a delta after done", change: (e) => e.splice(7, 0, e[4]), tells: /comes after done/ },
    { fault: "a lost delta", change: (e) => e.splice(5, 1), tells: /deltas do not add up/ },
    {
      fault: "another final text",
      change: (e) => (e[9].response.output = []),
      tells: /not what the done events/,
    },
    { fault: "no output_item.done", change: (e) => e.splice(8, 1), tells: /item 0 was never done/ },
    { fault: "no terminal event", change: (e) => e.pop(), tells: /no terminal event/ },
    { fault: "two terminal events", change: (e) => e.push(e[9]), tells: /comes after response.completed/ },
    { fault: "another response", change: (e) => (e[9].response.id = "resp_2"), tells: /id changed/ },
    {
      fault: "arguments before their delta",
      change: (e) => (e[2].item.arguments = "{}"),
      tells: /announced with arguments/,
    },
    { fault: "half a character", change: (e) => (e[4].delta = "\ud83c"), tells: /cuts a character/ },
  ])("finds $fault", ({ change, tells }) => {
    const events = structuredClone(goodEvents())
    change(events)
    expect(responsesStreamFaults(encode(events)).join("\n")).toMatch(tells)
  })

  it("finds a missing [DONE], what comes after it, and an end in the middle", () => {
    const good = encode(goodEvents())
    expect(responsesStreamFaults(good.replace("data: [DONE]\n\n", ""))).toEqual(["there is no [DONE]"])
    expect(responsesStreamFaults(`${good}data: {}\n\n`).join()).toMatch(/after \[DONE\]/)
    expect(responsesStreamFaults(good.slice(0, -2)).join()).toMatch(/inside a block/)
  })

  it("passes an output without a text that broke off before the next item, and with nothing else left out", () => {
    const next = { type: "message", id: "msg_2", status: "completed", content: [] }
    const events = (status: string, output: readonly Wire[]) => {
      const good = structuredClone(goodEvents())
      good[8].item.status = status
      const more = ["added", "done"].map((end) => ({
        type: `response.output_item.${end}`,
        output_index: 1,
        item: next,
      }))
      return encode([...good.slice(0, 9), ...more, { ...good[9], response: { ...good[9].response, output } }])
    }
    expect(responsesStreamFaults(events("incomplete", [next]))).toEqual([])
    expect(responsesStreamFaults(events("incomplete", [{ ...item, status: "incomplete" }, next]))).toEqual([])
    expect(responsesStreamFaults(events("completed", [next])).join()).toMatch(/not what the done events/)
    const first = { ...item, status: "incomplete" }
    expect(responsesStreamFaults(events("incomplete", [first])).join()).toMatch(/not what the done events/)
    expect(responsesStreamFaults(events("incomplete", [])).join()).toMatch(/not what the done events/)
  })

  it("of a stream taken up again looks at numbers and end", () => {
    const events = goodEvents().map((event, index) => ({ ...event, sequence_number: index }))
    expect(responsesStreamFaults(encode(events.slice(5)), 5)).toEqual([])
    expect(responsesStreamFaults(encode(events.slice(5)), 4).join()).toMatch(/number 4 was expected/)
  })
})

describe("the check of a WebSocket", () => {
  const refusal = {
    type: "error",
    status: 400,
    code: "invalid_json",
    message: "This is no JSON.",
    param: null,
    error: { type: "invalid_request_error", code: "invalid_json", message: "This is no JSON.", param: null },
  }
  const events = () => goodEvents().map((event, index) => ({ ...event, sequence_number: index }))
  const failed = () => [
    ...events().slice(0, 2),
    {
      type: "response.failed",
      sequence_number: 3,
      response: { id: "resp_1", status: "failed", output: [] },
    },
  ]

  it("passes responses one after the other, failures, refusals between them, and a last one that was left", () => {
    expect(socketWireFaults([...events(), refusal, ...failed(), ...events().slice(0, 5)])).toEqual([])
  })

  it("finds a response that never ends before the next, a wrong number and half a refusal", () => {
    expect(socketWireFaults([...events().slice(0, 9), ...events()]).join()).toMatch(/no terminal event/)
    expect(socketWireFaults(events().slice(1)).join()).toMatch(/before any response.created/)
    expect(socketWireFaults([...failed().map((e) => ({ ...e, sequence_number: 2 }))]).join()).toMatch(
      /number/,
    )
    expect(socketWireFaults([{ ...refusal, error: null }]).join()).toMatch(/a refusal/)
  })
})

const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "manager" }

function chunk(delta: object, finishReason: string | null = null): Wire {
  return { ...head, choices: [{ index: 0, delta, finish_reason: finishReason }] }
}

function goodChunks(): Wire[] {
  const call = { index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "" } }
  return [
    chunk({ role: "assistant", content: "" }),
    chunk({ tool_calls: [call] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":1}' } }] }),
    chunk({}, "tool_calls"),
  ]
}

function encodeChunks(chunks: readonly Wire[]): string {
  return `${chunks.map((value) => `data: ${JSON.stringify(value)}\n\n`).join("")}data: [DONE]\n\n`
}

describe("the check of a chat stream", () => {
  it("passes a good one, with usage where it was asked for, and one that ends with an error", () => {
    const usage = { ...head, choices: [], usage: { total_tokens: 1 } }
    expect(chatStreamFaults(encodeChunks(goodChunks()), false)).toEqual([])
    expect(chatStreamFaults(encodeChunks([...goodChunks(), usage]), true)).toEqual([])
    const failed = encodeChunks([...goodChunks().slice(0, 3), { error: {} }])
    expect(chatStreamFaults(failed.replace("data: [DONE]\n\n", ""), false)).toEqual([])
    expect(chatStreamFaults(failed, false)).toEqual(["a failed stream has a [DONE]"])
    expect(chatStreamFaults(encodeChunks([...goodChunks(), usage]), false).join()).toMatch(/nobody asked for/)
    expect(chatStreamFaults(encodeChunks(goodChunks()), true).join()).toMatch(
      /usage is not in one last chunk/,
    )
  })

  it.each<{ fault: string; change: (chunks: Wire[]) => unknown; tells: RegExp }>([
    { fault: "another id", change: (c) => (c[2].id = "chatcmpl-2"), tells: /change/ },
    { fault: "no role", change: (c) => c.shift(), tells: /no role/ },
    { fault: "no finish_reason", change: (c) => c.pop(), tells: /not one finish_reason/ },
    {
      fault: "a finish_reason that is not last",
      change: (c) => c.push(c[2]),
      tells: /not one finish_reason/,
    },
    { fault: "the wrong reason", change: (c) => (c[3].choices[0].finish_reason = "stop"), tells: /is stop/ },
    {
      fault: "an empty list of calls",
      change: (c) => (c[2].choices[0].delta.tool_calls = []),
      tells: /empty/,
    },
    { fault: "a call without a beginning", change: (c) => c.splice(1, 1), tells: /begins without/ },
    { fault: "broken arguments", change: (c) => c.splice(2, 1), tells: /no JSON/ },
  ])("finds $fault", ({ change, tells }) => {
    const chunks = structuredClone(goodChunks())
    change(chunks)
    expect(chatStreamFaults(encodeChunks(chunks), false).join("\n")).toMatch(tells)
  })
})
