import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { ConversationRecord } from "../../src/domain/conversations.ts"
import type { PageRequest } from "../../src/domain/pages.ts"
import type { Store } from "../../src/domain/store.ts"
import { complete, insert, message } from "./records.ts"
import type { StoreFixture } from "./store-contract.ts"

const asc: PageRequest = { limit: 100, order: "asc", after: null }

function conversation(id: string, changes: Partial<ConversationRecord> = {}): ConversationRecord {
  return { id, principal: "owner", metadata: { a: "b" }, headTurnId: null, createdAt: 1_000, ...changes }
}

/** What every implementation of `Store` has to do for conversations and stored chat completions. */
export function describeConversationContract(name: string, prepare: () => Promise<StoreFixture>): void {
  describe(`the conversation contract on ${name}`, () => {
    let fixture: StoreFixture
    let store: Store

    beforeEach(async () => {
      fixture = await prepare()
      store = await fixture.open()
    })

    afterEach(async () => {
      await store.close()
      await fixture.remove()
    })

    async function idsIn(id: string, page: PageRequest = asc): Promise<string[] | null> {
      const found = await store.conversations.listItems("owner", id, page)
      return found === null ? null : found.entries.map(({ item }) => item.id)
    }

    const insertTurn = (turnId: string, input = [message(`in_${turnId}`)]) =>
      insert(store, { turnId, turn: { conversationId: "conv_1", input } })

    it("gives back a conversation with its items, and keeps it from others", async () => {
      await store.conversations.insert(conversation("conv_1"), [message("a"), message("b", "assistant")])
      expect(await store.conversations.find("owner", "conv_1")).toEqual(conversation("conv_1"))
      expect(await store.conversations.findItem("owner", "conv_1", "msg_a")).toEqual({
        item: message("a"),
        agentId: null,
      })
      expect(await store.conversations.find("bob", "conv_1")).toBeNull()
      expect(await store.conversations.findItem("bob", "conv_1", "msg_a")).toBeNull()
      expect(await store.conversations.listItems("bob", "conv_1", asc)).toBeNull()
      expect(await store.conversations.addItems("bob", "conv_1", [message("c")])).toBe(false)
      expect(await store.conversations.removeItem("bob", "conv_1", "msg_a")).toBe(false)
      expect(await store.conversations.setMetadata("bob", "conv_1", {})).toBe(false)
      expect(await store.conversations.remove("bob", "conv_1")).toBe(false)
      expect(await idsIn("conv_1")).toEqual(["msg_a", "msg_b"])
    })

    it("makes a turn the head, and puts its items behind the others when it ends, each once", async () => {
      await store.conversations.insert(conversation("conv_1"), [message("a")])
      await insertTurn("turn_1", [message("a"), message("b")])
      expect((await store.conversations.find("owner", "conv_1"))?.headTurnId).toBe("turn_1")
      expect(await idsIn("conv_1")).toEqual(["msg_a"])
      await complete(store, "turn_1", "c")
      await complete(store, "turn_1", "c")
      expect(await idsIn("conv_1")).toEqual(["msg_a", "msg_b", "msg_c"])
      expect((await store.conversations.findItem("owner", "conv_1", "msg_c"))?.agentId).toBe("manager")
    })

    it("puts what a turn brought before the items that are added while it runs, and its answer behind them", async () => {
      await store.conversations.insert(conversation("conv_1"), [])
      await insertTurn("turn_1", [message("a")])
      await store.saveProgress({ responseId: "resp_turn_1", turnId: "turn_1", status: "running" })
      await store.conversations.addItems("owner", "conv_1", [message("b")])
      await complete(store, "turn_1", "c")
      expect(await idsIn("conv_1")).toEqual(["msg_a", "msg_b", "msg_c"])
    })

    it("takes what a turn brought that is stored as running", async () => {
      await store.conversations.insert(conversation("conv_1"), [])
      await insert(store, {
        turnId: "turn_1",
        turn: { conversationId: "conv_1", input: [message("q")] },
        response: { status: "running" },
      })
      expect(await idsIn("conv_1")).toEqual(["msg_q"])
      await complete(store, "turn_1", "a")
      expect(await idsIn("conv_1")).toHaveLength(2)
    })

    it("forgets the head when items are added or deleted, and brings no deleted item back", async () => {
      await store.conversations.insert(conversation("conv_1"), [message("a")])
      await insertTurn("turn_1", [message("a"), message("b")])
      expect(await store.conversations.removeItem("owner", "conv_1", "msg_a")).toBe(true)
      expect(await store.conversations.removeItem("owner", "conv_1", "msg_a")).toBe(false)
      expect((await store.conversations.find("owner", "conv_1"))?.headTurnId).toBeNull()
      await complete(store, "turn_1", "c")
      expect(await idsIn("conv_1")).toEqual(["msg_b", "msg_c"])
      await insertTurn("turn_2")
      await store.conversations.addItems("owner", "conv_1", [message("d")])
      expect((await store.conversations.find("owner", "conv_1"))?.headTurnId).toBeNull()
      expect((await store.conversations.allItems("conv_1")).map(({ id }) => id)).toEqual([
        "msg_b",
        "msg_c",
        "msg_d",
      ])
    })

    it("lists pages in both orders, behind deleted items too, and none behind unknown ones", async () => {
      const items = ["a", "b", "c", "d"].map((text) => message(text))
      await store.conversations.insert(conversation("conv_1"), items)
      await store.conversations.removeItem("owner", "conv_1", "msg_b")
      expect(await idsIn("conv_1", { limit: 2, order: "asc", after: "msg_b" })).toEqual(["msg_c", "msg_d"])
      expect(await idsIn("conv_1", { limit: 1, order: "desc", after: "msg_c" })).toEqual(["msg_a"])
      const first = await store.conversations.listItems("owner", "conv_1", { ...asc, limit: 2 })
      expect(first?.hasMore).toBe(true)
      const last = await store.conversations.listItems("owner", "conv_1", { ...asc, limit: 3 })
      expect(last?.hasMore).toBe(false)
      expect(await idsIn("conv_1", { ...asc, after: "msg_none" })).toBeNull()
    })

    it("adds nothing to a conversation that is gone, and outlives the threads that ran in it", async () => {
      await store.conversations.insert(conversation("conv_1"), [])
      await insertTurn("turn_1")
      await complete(store, "turn_1", "a")
      await store.deleteThreadsUsedBefore(9_000, 10)
      expect(await idsIn("conv_1")).toEqual(["msg_in_turn_1", "msg_a"])
      await insertTurn("turn_2")
      expect(await store.conversations.remove("owner", "conv_1")).toBe(true)
      await complete(store, "turn_2", "b")
      expect(await idsIn("conv_1")).toBeNull()
      expect(await store.conversations.allItems("conv_1")).toEqual([])
    })

    it("lists stored chat completions that ended with an answer, by agent and metadata", async () => {
      const echoes = [
        { metadata: { k: "1", l: "x" } },
        { metadata: { k: "2" } },
        {},
        { metadata: { k: "1" } },
      ]
      for (const [index, echo] of echoes.entries()) {
        await insert(store, {
          turnId: `turn_${index}`,
          threadId: `thr_${index}`,
          response: { kind: "chat", echo, createdAt: 5 },
        })
        await complete(store, `turn_${index}`, "answer")
      }
      await insert(store, { turnId: "turn_running", response: { kind: "chat" } })
      await insert(store, { turnId: "turn_other", response: { kind: "response", status: "completed" } })
      const list = async (metadata = {}, page = asc, agentId: string | null = null) => {
        const found = await store.completions.list("owner", { agentId, metadata }, page)
        return found?.entries.map(({ id }) => id.replace("resp_turn_", "")) ?? null
      }
      expect(await list()).toEqual(["0", "1", "2", "3"])
      expect(await list({}, { ...asc, order: "desc", after: "resp_turn_2" })).toEqual(["1", "0"])
      expect(await list({ k: "1" })).toEqual(["0", "3"])
      expect(await list({ k: "1", l: "x" })).toEqual(["0"])
      expect(await list({}, asc, "engineer_alice")).toEqual([])
      expect(await list({}, { ...asc, after: "resp_turn_other" })).toBeNull()
      expect(await store.completions.setMetadata("owner", "resp_turn_2", { k: "1" })).toBe(true)
      expect(await list({ k: "1" })).toEqual(["0", "2", "3"])
      expect(await store.completions.setMetadata("bob", "resp_turn_2", {})).toBe(false)
      expect(await store.completions.setMetadata("owner", "resp_turn_other", {})).toBe(false)
    })
  })
}
