import { describe, expect, it } from "vitest"
import { agentStatus, FakeEngine } from "../../../test/http/fake-engine.ts"
import { withReferencedItems } from "./item-references.ts"

function engineWith(id: string): FakeEngine {
  const engine = new FakeEngine()
  engine.agentStatuses = [agentStatus("manager")]
  const item = {
    type: "message" as const,
    id,
    role: "assistant" as const,
    content: [{ type: "text" as const, text: "Hello" }],
    phase: null,
    status: "completed" as const,
  }
  engine.items = [{ item, agentId: "manager" }]
  return engine
}

describe("references to items of earlier answers", () => {
  it.each([{ type: "item_reference", id: "msg_1" }, { id: "msg_1" }])(
    "%j becomes the item",
    async (reference) => {
      const question = { role: "user", content: "and now?", id: "msg_of_client" }
      const body = { model: "manager", input: [reference, question] }
      const resolved = await withReferencedItems(body, "owner", engineWith("msg_1"))
      expect(resolved).toMatchObject({
        model: "manager",
        input: [{ type: "message", id: "msg_1", content: [{ text: "Hello" }] }, question],
      })
    },
  )

  it("to what is not there are a 404 that names the field", async () => {
    const body = {
      input: [
        { role: "user", content: "x" },
        { type: "item_reference", id: "msg_2" },
      ],
    }
    await expect(withReferencedItems(body, "owner", engineWith("msg_1"))).rejects.toMatchObject({
      code: "item_not_found",
      param: "input[1]",
    })
  })

  it("are looked for in nothing else", async () => {
    for (const body of [null, [], { input: "text" }, { input: [{ role: "user", content: "x" }, 7] }, {}]) {
      expect(await withReferencedItems(body, "owner", engineWith("msg_1"))).toBe(body)
    }
  })

  it("are bounded in number", async () => {
    const input = Array.from({ length: 5_001 }, (_, index) => ({
      type: "item_reference",
      id: `msg_${index}`,
    }))
    await expect(withReferencedItems({ input }, "owner", engineWith("msg_1"))).rejects.toMatchObject({
      code: "invalid_request",
      param: "input",
    })
  })
})
