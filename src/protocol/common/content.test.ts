import { describe, expect, it } from "vitest"
import { parseChatRequest } from "../chat/request.ts"
import { parseResponsesRequest } from "../responses/request.ts"

const png = "data:image/png;base64,AAAA"
const chat = (...messages: unknown[]) => parseChatRequest({ messages })
const responses = (...input: unknown[]) => parseResponsesRequest({ input })
const user = (content: unknown, beside: object = {}) => ({ role: "user", content, ...beside })

/** Also where bodies are strict: these are read as they come. */
describe("what says something where it would not be read", () => {
  it.each<[object, string]>([
    [user("a", { text: "b" }), ".text"],
    [user("a", { images: ["AAAA"] }), ".images"],
    [user("a", { attachments: [{ id: 5 }] }), ".attachments"],
    [user("a", { parts: [{ type: "text", text: "b" }] }), ".parts"],
    [user([{ type: "text", text: "a", image_url: { url: png } }]), ".content[0].image_url"],
    [user([{ type: "text", text: "a", file_data: "AAAA" }]), ".content[0].file_data"],
  ])("is refused by its name in both APIs: %j", (message, param) => {
    expect(() => chat(message)).toThrow(expect.objectContaining({ param: `messages[0]${param}` }))
    expect(() => responses(message)).toThrow(expect.objectContaining({ param: `input[0]${param}` }))
  })

  it("is refused beside pictures and files, too", () => {
    const picture = { type: "image_url", image_url: { url: png }, text: "look" }
    const file = { type: "file", file: { file_data: "AAAA" }, text: "read" }
    for (const [part, param] of [
      [picture, "text"],
      [file, "text"],
    ] as const)
      expect(() => chat(user([part]))).toThrow(
        expect.objectContaining({ param: `messages[0].content[0].${param}` }),
      )
    for (const [part, param] of [
      [{ type: "input_image", image_url: png, text: "look" }, "text"],
      [{ type: "input_image", image_url: png, file_id: "file-1" }, "file_id"],
      [{ type: "input_file", file_data: "AAAA", text: "read" }, "text"],
    ] as const)
      expect(() => responses(user([part]))).toThrow(
        expect.objectContaining({ param: `input[0].content[0].${param}` }),
      )
  })

  it("passes where it is empty, says the same again, or is no content", () => {
    const empty = { text: "", images: [], files: null, attachments: {}, image_url: null }
    const same = { text: "a", parts: [{ type: "text", text: "a" }] }
    const others = {
      name: "ann",
      message_id: "5",
      content_type: "text/plain",
      file_name: "x",
      source: "slack",
    }
    for (const beside of [empty, same, others]) {
      expect(() => chat(user("a", beside))).not.toThrow()
      expect(() => responses(user("a", beside))).not.toThrow()
    }
    const part = {
      type: "text",
      text: "a",
      cache_control: { type: "ephemeral" },
      annotations: [{ url: png }],
    }
    expect(() => chat(user([part]))).not.toThrow()
    expect(() => responses(user([part]))).not.toThrow()
  })

  it("passes in what an assistant said: histories hold what other servers have put there", () => {
    const said = { role: "assistant", content: "a", images: [{ url: png }], audio: { id: "audio_1" } }
    expect(() => chat(user("a"), said, user("b"))).not.toThrow()
    expect(() => responses(user("a"), said, user("b"))).not.toThrow()
  })
})
