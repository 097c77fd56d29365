import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { KeptReply, OutboxQuery } from "../../src/domain/replies.ts"
import type { Store } from "../../src/domain/store.ts"
import { alice, insert, manager } from "./records.ts"
import type { StoreFixture } from "./store-contract.ts"

function reply(number: number, fields: Partial<KeptReply> = {}): KeptReply {
  return {
    id: `rep_${number}`,
    agentId: "manager",
    clientId: null,
    principal: null,
    responseId: null,
    conversationId: null,
    text: "naïve 🦀",
    isFinal: false,
    sent: null,
    delivery: "outbox",
    createdAt: 1_000 + number,
    ...fields,
  }
}

/** What every implementation of `ReplyStore` has to do. */
export function describeReplyContract(name: string, prepare: () => Promise<StoreFixture>): void {
  describe(`the contract of replies on ${name}`, () => {
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

    const outbox = async (query: Partial<OutboxQuery> = {}) => {
      const all = { agentId: null, principal: null, includesNobodys: false, limit: 10 }
      return (await store.replies.outbox({ ...all, ...query })).map(({ id }) => id)
    }

    it("keeps a reply as it was, also over a restart", async () => {
      const whole = reply(1, {
        clientId: "mine",
        principal: "ann",
        responseId: "resp_1",
        conversationId: "conv_1",
        isFinal: true,
        delivery: "turn",
        sent: { event: "final", taskId: "t1", isJson: true, metadata: { deep: [1, null] } },
      })
      expect(await store.replies.insert(whole)).toBe(true)
      await store.close()
      store = await fixture.open()
      expect(await store.replies.findByClientId("manager", "mine")).toEqual(whole)
    })

    it("takes a sender's id once for each agent", async () => {
      expect(await store.replies.insert(reply(1, { clientId: "mine" }))).toBe(true)
      expect(await store.replies.insert(reply(2, { clientId: "mine" }))).toBe(false)
      expect(await store.replies.insert(reply(3, { clientId: "mine", agentId: "engineer_alice" }))).toBe(true)
      expect(await store.replies.insert(reply(4))).toBe(true)
      expect(await store.replies.insert(reply(5))).toBe(true)
      expect(await outbox()).toEqual(["rep_5", "rep_4", "rep_3", "rep_1"])
    })

    it("lists what waits, the newest first, of one agent or all, until it is delivered or too old", async () => {
      for (const number of [1, 2, 3]) await store.replies.insert(reply(number))
      await store.replies.insert(reply(4, { agentId: "engineer_alice" }))
      expect(await outbox({ agentId: "manager", limit: 2 })).toEqual(["rep_3", "rep_2"])
      await store.replies.setDelivery("rep_3", "conversation")
      expect(await outbox()).toEqual(["rep_4", "rep_2", "rep_1"])
      await store.replies.deleteBefore(1_002)
      expect(await outbox()).toEqual(["rep_4", "rep_2"])
    })

    it("deletes of what is too old a tenth and ten more at once, the oldest first", async () => {
      for (let number = 1; number <= 40; number += 1) await store.replies.insert(reply(number))
      await store.replies.deleteBefore(9_000)
      const left = await outbox({ limit: 100 })
      expect([left.length, left.at(-1)]).toEqual([26, "rep_15"])
    })

    it("takes out what its principal has seen to, once, and knows the sender's id of it still", async () => {
      await store.replies.insert(reply(1, { clientId: "mine" }))
      await store.replies.insert(reply(2, { principal: "ann" }))
      await store.replies.insert(reply(3, { delivery: "turn" }))
      const remove = (number: number, principal: string, nobodys: boolean) =>
        store.replies.removeFromOutbox(`rep_${number}`, principal, nobodys)
      expect(await remove(1, "ann", false)).toBe(false)
      expect(await remove(2, "owner", true)).toBe(false)
      expect(await remove(3, "owner", true)).toBe(false)
      expect(await outbox()).toEqual(["rep_2", "rep_1"])
      expect(await remove(1, "owner", true)).toBe(true)
      expect(await remove(1, "owner", true)).toBe(false)
      expect(await remove(2, "ann", false)).toBe(true)
      expect(await outbox()).toEqual([])
      expect(await store.replies.insert(reply(4, { clientId: "mine" }))).toBe(false)
      expect(await store.replies.findByClientId("manager", "mine")).toEqual({
        ...reply(1, { clientId: "mine" }),
        text: null,
      })
    })

    it("gives beginnings of the texts where no more is asked for", async () => {
      await store.replies.insert(reply(1))
      const all = { agentId: null, principal: null, includesNobodys: true, limit: 10 }
      const texts = async (textCharacters: number) =>
        (await store.replies.outbox({ ...all, textCharacters })).map(({ text }) => text)
      expect([await texts(0), await texts(3), await texts(7), await texts(100)]).toEqual([
        [""],
        ["naï"],
        ["naïve 🦀"],
        ["naïve 🦀"],
      ])
    })

    it("tells a principal of its own messages, and of nobody's where those are asked for", async () => {
      await store.replies.insert(reply(1))
      await store.replies.insert(reply(2, { principal: "ann" }))
      await store.replies.insert(reply(3, { principal: "bob" }))
      expect(await outbox({ principal: "ann" })).toEqual(["rep_2"])
      expect(await outbox({ principal: "ann", includesNobodys: true })).toEqual(["rep_2", "rep_1"])
    })

    it("knows whose a conversation is that the agent has answered in, and of no other", async () => {
      for (const id of ["conv_1", "conv_2"]) {
        await store.conversations.insert(
          { id, principal: "owner", metadata: {}, headTurnId: null, createdAt: 1 },
          [],
        )
      }
      await insert(store, { turnId: "turn_1", turn: { conversationId: "conv_1" } })
      expect(await store.replies.findConversationOwner(manager, "conv_1")).toBe("owner")
      expect(await store.replies.findConversationOwner(alice, "conv_1")).toBe(null)
      expect(await store.replies.findConversationOwner(manager, "conv_2")).toBe(null)
      expect(await store.replies.findConversationOwner(manager, "conv_none")).toBe(null)
    })
  })
}
