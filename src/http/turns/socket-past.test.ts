import { expect, it } from "vitest"
import type { Item } from "../../domain/items.ts"
import { PastBudget, SocketPast } from "./socket-past.ts"

const said: Item = {
  type: "message",
  id: "msg_1",
  role: "assistant",
  content: [{ type: "text", text: "yes" }],
  phase: null,
  status: "completed",
}
const answer = { output: [said], serverLabel: "codex", ownBytes: 100 }

function textsOf(input: unknown): string[] {
  return (Array.isArray(input) ? input : []).map((item) =>
    typeof item.content === "string" ? item.content : item.content[0].text,
  )
}

it("puts all that was said since the last stored response in front of the input", () => {
  const past = new SocketPast(10_000, new PastBudget(10_000))
  past.keep("resp_b", past.continue({ input: "one", previous_response_id: "resp_a" }), answer)
  past.keep("resp_c", past.continue({ input: "two", previous_response_id: "resp_b" }), answer)
  const { body, continuedId, inputPaths } = past.continue({ input: "three", previous_response_id: "resp_c" })
  expect(textsOf(body.input)).toEqual(["one", "yes", "two", "yes", "three"])
  expect(body.previous_response_id).toBe("resp_a")
  expect(continuedId).toBe("resp_c")
  expect(inputPaths.at(-1)).toBe("input[0]")
})

it("leaves bodies alone that continue nothing of the socket, or name a conversation as well", () => {
  const past = new SocketPast(10_000, new PastBudget(10_000))
  past.keep("resp_b", past.continue({ input: "one" }), answer)
  const unknown = { input: "two", previous_response_id: "resp_x" }
  expect(past.continue(unknown)).toMatchObject({ body: unknown, continuedId: null })
  const both = { input: "two", previous_response_id: "resp_b", conversation: "conv_1" }
  expect(past.continue(both)).toMatchObject({ body: both, continuedId: null })
})

it("forgets the oldest for the newest, and remembers nothing that is larger than a body", () => {
  const past = new SocketPast(1_000, new PastBudget(1_200))
  past.keep("resp_a", past.continue({ input: "one" }), { ...answer, ownBytes: 600 })
  past.keep("resp_b", past.continue({ input: "two" }), { ...answer, ownBytes: 600 })
  past.keep("resp_c", past.continue({ input: "three" }), { ...answer, ownBytes: 1_001 })
  const isKept = (id: string) => past.continue({ input: "x", previous_response_id: id }).continuedId === id
  expect(["resp_a", "resp_b", "resp_c"].map(isKept)).toEqual([false, true, false])
})

it("gives the room of a closed socket to others", () => {
  const budget = new PastBudget(1_000)
  const first = new SocketPast(1_000, budget)
  const second = new SocketPast(1_000, budget)
  first.keep("resp_a", first.continue({ input: "one" }), { ...answer, ownBytes: 600 })
  second.keep("resp_b", second.continue({ input: "two" }), { ...answer, ownBytes: 600 })
  expect(second.continue({ input: "x", previous_response_id: "resp_b" }).continuedId).toBeNull()
  first.clear()
  second.keep("resp_b", second.continue({ input: "two" }), { ...answer, ownBytes: 600 })
  expect(second.continue({ input: "x", previous_response_id: "resp_b" }).continuedId).toBe("resp_b")
})
