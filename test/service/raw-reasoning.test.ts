import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"

const thought = "First I look, then I leap."
const input = `[[think:${thought}]][[say:leapt]]`

describe.each(["scripted-1", "gpt-5.5", "gpt-6-sol"])(
  "reasoning that an open model shows itself (%s)",
  (modelName) => {
    let service: TestService

    beforeAll(async () => {
      service = await startTestService({ modelName })
    })
    afterAll(() => service.stop())

    const item = { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: thought }] }

    it("is the content of a reasoning item, whole and retrieved", async () => {
      const whole = await service.client.responses.create({ model: "manager", input })
      expect(whole.output).toMatchObject([item, { type: "message" }])
      expect((await service.client.responses.retrieve(whole.id)).output).toMatchObject([
        item,
        { type: "message" },
      ])
    })

    it("is streamed as such, and again when the stream is retrieved", async () => {
      const stream = await service.client.responses.create({ model: "manager", input, stream: true })
      const told: unknown[] = []
      let id = ""
      for await (const event of stream) {
        if (event.type === "response.created") id = event.response.id
        told.push(event)
      }
      const read = (events: readonly unknown[]) => {
        const named = events as { type: string; delta?: string }[] // as they came
        return {
          types: named
            .map(({ type }) => type)
            .filter((type, index, all) => type.includes("reason") && type !== all[index - 1]),
          deltas: named
            .map(({ type, delta }) => (type === "response.reasoning_text.delta" ? delta : ""))
            .join(""),
          done: named.find(({ type }) => type === "response.reasoning_text.done"),
          part: named.find(({ type }) => type === "response.content_part.done"),
          item: named.find(({ type }) => type === "response.output_item.done"),
        }
      }
      const expected = {
        types: ["response.reasoning_text.delta", "response.reasoning_text.done"],
        deltas: thought,
        done: expect.objectContaining({ text: thought, content_index: 0, output_index: 0 }),
        part: expect.objectContaining({ part: { type: "reasoning_text", text: thought } }),
        item: expect.objectContaining({ item: expect.objectContaining(item) }),
      }
      expect(read(told)).toEqual(expected)
      const again: unknown[] = []
      for await (const event of await service.client.responses.retrieve(id, { stream: true }))
        again.push(event)
      expect(again).toEqual(told)
    })

    it("is the reasoning of a chat completion, whole and streamed", async () => {
      const messages = [{ role: "user" as const, content: input }]
      const whole = await service.client.chat.completions.create({ model: "manager", messages })
      expect(whole.choices[0]?.message).toMatchObject({ content: "leapt", reasoning_content: thought })
      const stream = await service.client.chat.completions.create({
        model: "manager",
        messages,
        stream: true,
      })
      let streamed = ""
      for await (const { choices } of stream) {
        const delta = choices[0]?.delta as { reasoning_content?: string } | undefined // not in the official types
        streamed += delta?.reasoning_content ?? ""
      }
      expect(streamed).toBe(thought)
    })

    it("may be sent back as a part of the history", async () => {
      const whole = await service.client.responses.create({ model: "manager", input, store: false })
      const next = await service.client.responses.create({
        model: "manager",
        // What came is sent as it is, which the official types take for their own.
        input: [
          { role: "user", content: input },
          ...(whole.output as never[]),
          { role: "user", content: "[[say:on]]" },
        ],
      })
      expect(next.output_text).toBe("on")
      const { data } = await service.client.responses.inputItems.list(next.id, { order: "asc" })
      expect(data).toContainEqual(expect.objectContaining(item))
    })
  },
)
