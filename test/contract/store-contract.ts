import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ProxyError } from "../../src/domain/errors.ts"
import type { Store } from "../../src/domain/store.ts"
import {
  alice,
  complete,
  insert,
  manager,
  marksOf,
  message,
  owner,
  response,
  thread,
  turn,
} from "./records.ts"

/** How the suite gets at one implementation. `open` may be called again on the same data while the first is open or closed. */
export interface StoreFixture {
  open(): Promise<Store>
  remove(): Promise<void>
}

/** What every implementation of `Store` has to do. */
export function describeStoreContract(name: string, prepare: () => Promise<StoreFixture>): void {
  describe(`the store contract on ${name}`, () => {
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

    it("gives back every field of a thread, its turn and its response", async () => {
      const ofThread = thread("thr_1", {
        instructions: 'Be brief. \u0000 "quotes" — ünïcode 🦀',
        nativeRef: "native-1",
        isEphemeral: true,
        isMain: true,
        sessionKey: "chat-1",
        headTurnId: "turn_1",
        usedAt: 1_005,
      })
      const ofTurn = turn("turn_1", "thr_1", { nativeRef: "native-turn" })
      const ofResponse = response("resp_turn_1", {
        status: "failed",
        completedAt: 1_004,
        previousResponseId: "resp_0",
        error: { code: "model_error", message: "overloaded", modelStatus: 503 },
        usage: { inputTokens: 1, cachedInputTokens: 2, outputTokens: 3, reasoningTokens: 4 },
        output: [message("a", "assistant"), message("b", "assistant")],
      })
      await store.insertTurn(ofThread, ofTurn, ofResponse)
      expect(await store.findThread("thr_1")).toEqual(ofThread)
      expect(await store.findTurn("turn_1")).toEqual(ofTurn)
      expect(await store.findTurnOfResponse("resp_turn_1")).toEqual(ofTurn)
      expect(await store.findResponse("owner", "resp_turn_1")).toEqual(ofResponse)
    })

    it("answers null, false or nothing for what it does not have", async () => {
      expect(await store.findThread("thr_1")).toBeNull()
      expect(await store.findTurn("turn_1")).toBeNull()
      expect(await store.findTurnOfResponse("resp_1")).toBeNull()
      expect(await store.findResponse("owner", "resp_1")).toBeNull()
      expect(await store.deleteResponse("owner", "response", "resp_1")).toBe(false)
      expect(await store.lineage("turn_1")).toEqual([])
      expect(await store.readLog("resp_1")).toEqual([])
    })

    it("moves only head, last use, session key and what its newest turn was told of a thread that is there already", async () => {
      await insert(store, { turnId: "turn_1", thread: { instructions: "first", nativeRef: "n1" } })
      await insert(store, {
        turnId: "turn_2",
        thread: {
          instructions: "other",
          keyHash: "key-2",
          nativeRef: null,
          usedAt: 3_000,
          sessionKey: "s",
          createdAt: 9,
        },
        turn: { parentTurnId: "turn_1" },
      })
      expect(await store.findThread("thr_1")).toEqual(
        thread("thr_1", {
          instructions: "other",
          keyHash: "key-2",
          nativeRef: "n1",
          headTurnId: "turn_2",
          usedAt: 3_000,
          sessionKey: "s",
        }),
      )
    })

    it("leaves nothing of an insertion that fails in its last step", async () => {
      await insert(store, { turnId: "turn_1" })
      const doubled = response("resp_turn_1")
      await expect(
        store.insertTurn(thread("thr_2"), turn("turn_2", "thr_2", { responseId: "resp_2" }), doubled),
      ).rejects.toBeInstanceOf(ProxyError)
      expect(await store.findThread("thr_2")).toBeNull()
      expect(await store.findTurn("turn_2")).toBeNull()
    })

    it("refuses a turn whose parent is not there", async () => {
      await expect(
        insert(store, { turnId: "turn_2", turn: { parentTurnId: "turn_gone" } }),
      ).rejects.toMatchObject({ code: "internal_error" })
      expect(await store.findThread("thr_1")).toBeNull()
    })

    it("saves progress piece by piece and keeps what a later piece does not mention", async () => {
      await insert(store, { turnId: "turn_1" })
      const ids = { responseId: "resp_turn_1", turnId: "turn_1" }
      const usage = { inputTokens: 5, cachedInputTokens: 0, outputTokens: 6, reasoningTokens: 0 }
      await store.saveProgress({ ...ids, status: "running", nativeTurnRef: "n-turn" })
      await store.saveProgress({ ...ids, items: [{ outputIndex: 1, item: message("two", "assistant") }] })
      await store.saveProgress({ ...ids, items: [{ outputIndex: 0, item: message("one", "assistant") }] })
      await store.saveProgress({ ...ids, usage, marks: marksOf("hash") })
      expect(await store.findTurn("turn_1")).not.toHaveProperty("seenText")
      await store.saveProgress({ ...ids, seenText: "one" })
      await store.saveProgress({ ...ids, status: "completed", completedAt: 2_000 })
      expect(await store.findResponse("owner", "resp_turn_1")).toEqual(
        response("resp_turn_1", {
          status: "completed",
          completedAt: 2_000,
          usage,
          output: [message("one", "assistant"), message("two", "assistant")],
        }),
      )
      expect(await store.findTurn("turn_1")).toMatchObject({
        nativeRef: "n-turn",
        chain: marksOf("hash").chain,
        seenText: "one",
      })
    })

    it("replaces an item, a native item or a log segment that is saved again", async () => {
      await insert(store, { turnId: "turn_1" })
      await complete(store, "turn_1", "first")
      await complete(store, "turn_1", "second")
      const [only, ...others] = await store.lineage("turn_1")
      expect(others).toEqual([])
      expect(only?.output).toEqual([message("second", "assistant")])
      expect(only?.nativeItems).toEqual([{ native: "second" }])
      expect(await store.readLog("resp_turn_1")).toEqual([{ firstSequence: 0, json: '["second"]' }])
    })

    it("saves nothing of a progress that fails, and says that the record is gone", async () => {
      await insert(store, { turnId: "turn_1" })
      await expect(
        store.saveProgress({
          turnId: "turn_1",
          responseId: "resp_gone",
          items: [{ outputIndex: 0, item: message("one", "assistant") }],
          status: "completed",
        }),
      ).rejects.toThrow("resp_gone is not in the ledger")
      expect((await store.findResponse("owner", "resp_turn_1"))?.output).toEqual([])
    })

    it("gives the log's segments in the order of their sequence numbers", async () => {
      await insert(store, { turnId: "turn_1" })
      for (const firstSequence of [0, 100, 9, 20]) {
        await store.saveProgress({
          responseId: "resp_turn_1",
          turnId: "turn_1",
          log: [{ firstSequence, json: `[${firstSequence}]` }],
        })
      }
      const log = await store.readLog("resp_turn_1")
      expect(log.map((segment) => segment.firstSequence)).toEqual([0, 9, 20, 100])
    })

    it("remembers the native thread that stands behind a thread now", async () => {
      await insert(store, { turnId: "turn_1" })
      const ids = { responseId: "resp_turn_1", turnId: "turn_1" }
      const opened = { instructions: null, tools: [] }
      await store.saveProgress({ ...ids, nativeThread: { id: "thr_1", ref: "first", ...opened } })
      await store.saveProgress({ ...ids, nativeThread: { id: "thr_1", ref: "second", ...opened } })
      expect((await store.findThread("thr_1"))?.nativeRef).toBe("second")
    })

    it("remembers what a native thread was opened with, and what was told in it since", async () => {
      await insert(store, { turnId: "turn_1" })
      expect(await store.findNativeState("thr_1")).toBeNull()
      const ids = { responseId: "resp_turn_1", turnId: "turn_1" }
      const opened = { instructions: "Be brief.", tools: [{ name: "f", description: "", parameters: {} }] }
      await store.saveProgress({ ...ids, nativeThread: { id: "thr_1", ref: "first", ...opened } })
      expect(await store.findNativeState("thr_1")).toEqual({ ...opened, note: null })
      await store.saveProgress({ ...ids, note: "" })
      await store.saveProgress({ ...ids, status: "completed", note: "Be long." })
      expect(await store.findNativeState("thr_1")).toEqual({ ...opened, note: "Be long." })
      const other = { instructions: null, tools: [] }
      await store.saveProgress({ ...ids, nativeThread: { id: "thr_1", ref: "second", ...other } })
      expect(await store.findNativeState("thr_1")).toEqual({ ...other, note: null })
      await store.saveProgress({ ...ids, note: "Be long." })
      await store.saveProgress({ ...ids, note: null })
      expect((await store.findNativeState("thr_1"))?.note).toBeNull()
    })

    it("takes calls in the order in which they were made, whether they are awaited or not", async () => {
      await insert(store, { turnId: "turn_1" })
      const ids = { responseId: "resp_turn_1", turnId: "turn_1" }
      const writing = [
        store.saveProgress({ ...ids, marks: marksOf("before"), seenText: "one" }),
        store.saveProgress({ ...ids, marks: marksOf("after") }),
      ]
      const found = store.findTurn("turn_1")
      expect(await store.findTurnOfResponse("resp_turn_1")).toMatchObject({
        chain: marksOf("after").chain,
        seenText: "one",
      })
      expect(await found).toMatchObject({ chain: marksOf("after").chain })
      await Promise.all(writing)
    })

    it("undoes only the failed one of calls that were made at the same time", async () => {
      await insert(store, { turnId: "turn_1" })
      const ids = { responseId: "resp_turn_1", turnId: "turn_1" }
      const outcomes = await Promise.allSettled([
        store.saveProgress({ ...ids, seenText: "one" }),
        store.saveProgress({
          turnId: "turn_1",
          responseId: "resp_gone",
          items: [{ outputIndex: 0, item: message("lost", "assistant") }],
          status: "completed",
        }),
        store.saveProgress({ ...ids, marks: marksOf("hash") }),
      ])
      expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"])
      expect(await store.findTurn("turn_1")).toMatchObject({ seenText: "one", chain: marksOf("hash").chain })
      expect(await store.findOutput("turn_1")).toEqual([])
    })

    it("keeps principals apart in everything that serves clients", async () => {
      const session = { sessionKey: "chat", isMain: true }
      await insert(store, {
        turnId: "turn_a",
        threadId: "thr_a",
        thread: { principal: "alice", ...session },
      })
      await insert(store, {
        turnId: "turn_b",
        threadId: "thr_b",
        thread: { principal: "bob", ...session },
      })
      for (const turnId of ["turn_a", "turn_b"]) await complete(store, turnId, "answer", "same")
      expect(await store.findResponse("bob", "resp_turn_a")).toBeNull()
      expect(await store.deleteResponse("bob", "response", "resp_turn_a")).toBe(false)
      expect((await store.findResponse("alice", "resp_turn_a"))?.id).toBe("resp_turn_a")
      expect((await store.findThreadBySession("bob", manager, "chat"))?.id).toBe("thr_b")
      expect((await store.findMainThread("bob", manager))?.id).toBe("thr_b")
      const turns = await store.findTurnsByKey({ principal: "bob", agent: manager }, "same")
      expect(turns).toEqual([{ id: "turn_b", threadId: "thr_b", sessionKey: "chat", isHead: true }])
      expect(await store.findThreadBySession("carol", manager, "chat")).toBeNull()
    })

    it("finds items of stored answers by their ids, for their principal only, until the answer is deleted", async () => {
      await insert(store, { turnId: "turn_1" })
      await complete(store, "turn_1", "kept")
      await insert(store, { turnId: "turn_2", threadId: "thr_2", response: { isStored: false } })
      await complete(store, "turn_2", "unstored")
      const ids = ["msg_kept", "msg_unstored", "msg_nowhere"]
      const found = await store.findOutputItems("owner", ids)
      expect(found).toEqual([{ item: message("kept", "assistant"), agentId: "manager" }])
      expect(await store.findOutputItems("bob", ids)).toEqual([])
      await store.deleteResponse("owner", "response", "resp_turn_1")
      expect(await store.findOutputItems("owner", ids)).toEqual([])
    })

    it("finds the main thread of an agent that was used last, never an ordinary one", async () => {
      await insert(store, { turnId: "turn_1", threadId: "thr_plain" })
      expect(await store.findMainThread("owner", manager)).toBeNull()
      for (const [turnId, usedAt] of [
        ["turn_2", 2_000],
        ["turn_3", 4_000],
        ["turn_4", 3_000],
      ] as const) {
        await insert(store, { turnId, threadId: `thr_${turnId}`, thread: { isMain: true, usedAt } })
      }
      expect((await store.findMainThread("owner", manager))?.id).toBe("thr_turn_3")
      expect(await store.findMainThread("owner", alice)).toBeNull()
    })

    it("gives no thread to an agent that only has the name of its own", async () => {
      const next = { id: manager.id, identity: "agent-3" }
      const named = { sessionKey: "chat", isMain: true }
      await insert(store, { turnId: "turn_1", thread: named })
      await complete(store, "turn_1", "answer", "same")
      for (const [agent, count] of [
        [manager, 1],
        [next, 0],
      ] as const) {
        expect((await store.findTurnsByKey({ principal: "owner", agent }, "same")).length).toBe(count)
        expect((await store.findThreadBySession("owner", agent, "chat")) !== null).toBe(count === 1)
        expect((await store.findMainThread("owner", agent)) !== null).toBe(count === 1)
        expect(await store.hasThreadsOf(agent.identity)).toBe(count === 1)
      }
    })

    it("lets an agent take over the threads of its name that are nobody's, and no others", async () => {
      const old = { agentIdentity: null, sessionKey: "chat" }
      await insert(store, { turnId: "turn_1", threadId: "thr_1", thread: old })
      await insert(store, { turnId: "turn_2", threadId: "thr_2", thread: { ...old, agentId: alice.id } })
      expect(await store.findThreadBySession("owner", manager, "chat")).toBeNull()
      await store.adoptThreads(manager)
      await store.adoptThreads({ ...manager, identity: "agent-3" })
      expect((await store.findThreadBySession("owner", manager, "chat"))?.id).toBe("thr_1")
      expect((await store.findThread("thr_2"))?.agentIdentity).toBeNull()
    })

    it("finds the thread of a session that was used last", async () => {
      for (const [index, usedAt] of [2_000, 4_000, 3_000].entries()) {
        await insert(store, {
          turnId: `turn_${index}`,
          threadId: `thr_${index}`,
          thread: { sessionKey: "chat", usedAt },
        })
      }
      expect((await store.findThreadBySession("owner", manager, "chat"))?.id).toBe("thr_1")
      expect(await store.findThreadBySession("owner", alice, "chat")).toBeNull()
      expect(await store.findThreadBySession("owner", manager, "other")).toBeNull()
    })

    it("finds at most 20 turns of a key, the newest first", async () => {
      for (let index = 10; index < 35; index += 1) {
        await insert(store, { turnId: `turn_${index}`, threadId: `thr_${index}` })
        await complete(store, `turn_${index}`, "answer", "same")
      }
      const turns = await store.findTurnsByKey(owner, "same")
      expect(turns.map(({ id }) => id)).toEqual(
        Array.from({ length: 20 }, (_, index) => `turn_${34 - index}`),
      )
      expect(await store.findTurnsByKey(owner, "none")).toEqual([])
    })

    it("traces a turn from the first one on, and tells which turns came after it, the newest first", async () => {
      await insert(store, { turnId: "turn_1" })
      await complete(store, "turn_1", "one", "key")
      for (const turnId of ["turn_2", "turn_3"]) {
        await insert(store, { turnId, turn: { parentTurnId: "turn_1" } })
      }
      await store.saveProgress({ responseId: "resp_turn_2", turnId: "turn_2", status: "failed" })
      const first = { id: "turn_1", status: "completed", exchanges: [] }
      const second = { id: "turn_2", status: "failed", exchanges: null }
      expect(await store.traceTurn("turn_2")).toEqual([first, second])
      expect(await store.findTurnsAfter("turn_1")).toEqual([
        { ...second, id: "turn_3", status: "queued" },
        second,
      ])
      expect(await store.findTurnsAfter("turn_3")).toEqual([])
    })

    it("tells a turn's lineage from the first turn on, across a fork, with each thread's native kind", async () => {
      await insert(store, { turnId: "turn_1" })
      await complete(store, "turn_1", "one")
      await insert(store, { turnId: "turn_2", turn: { parentTurnId: "turn_1" } })
      await complete(store, "turn_2", "two")
      await insert(store, {
        turnId: "turn_3",
        threadId: "thr_fork",
        thread: { backend: "codex" },
        turn: { parentTurnId: "turn_1" },
      })
      await complete(store, "turn_3", "three")
      const path = await store.lineage("turn_3")
      expect(path.map((step) => [step.id, step.nativeKind, step.output, step.nativeItems])).toEqual([
        ["turn_1", "demo", [message("one", "assistant")], [{ native: "one" }]],
        ["turn_3", "codex", [message("three", "assistant")], [{ native: "three" }]],
      ])
      expect(path[0]).toMatchObject(turn("turn_1", "thr_1"))
    })

    it("tells a lineage of a thousand turns in order", async () => {
      for (let index = 0; index < 1_000; index += 1) {
        await insert(store, {
          turnId: `turn_${index}`,
          turn: { parentTurnId: index === 0 ? null : `turn_${index - 1}` },
        })
      }
      const path = await store.lineage("turn_999")
      expect(path.map((step) => step.id)).toEqual(
        Array.from({ length: 1_000 }, (_, index) => `turn_${index}`),
      )
    })

    it("never serves a response that the client did not want stored, and keeps its turn for the thread", async () => {
      await insert(store, { turnId: "turn_1", response: { isStored: false } })
      await complete(store, "turn_1", "hidden", "hash")
      expect(await store.findResponse("owner", "resp_turn_1")).toBeNull()
      expect(await store.deleteResponse("owner", "response", "resp_turn_1")).toBe(false)
      expect((await store.lineage("turn_1"))[0]?.output).toEqual([message("hidden", "assistant")])
      expect(await store.findTurnsByKey(owner, "hash")).toHaveLength(1)
    })

    it("deletes a response once, for its own kind only, and keeps its turn for the thread", async () => {
      await insert(store, { turnId: "turn_1" })
      await complete(store, "turn_1", "answer")
      expect(await store.deleteResponse("owner", "chat", "resp_turn_1")).toBe(false)
      expect(await store.deleteResponse("owner", "response", "resp_turn_1")).toBe(true)
      expect(await store.deleteResponse("owner", "response", "resp_turn_1")).toBe(false)
      expect(await store.findResponse("owner", "resp_turn_1")).toBeNull()
      expect(await store.readLog("resp_turn_1")).toEqual([])
      expect((await store.lineage("turn_1"))[0]?.output).toEqual([message("answer", "assistant")])
    })

    it("finds what was left queued or running, the oldest first, whatever the clock said", async () => {
      await insert(store, { turnId: "turn_2", response: { isStored: false, createdAt: 1_002 } })
      await insert(store, { turnId: "turn_1", response: { status: "running", createdAt: 1_001 } })
      await insert(store, { turnId: "turn_3", response: { createdAt: 1_003 } })
      await complete(store, "turn_3", "done")
      expect(await store.findUnfinished()).toEqual([
        { responseId: "resp_turn_2", turnId: "turn_2", status: "queued", pending: null },
        { responseId: "resp_turn_1", turnId: "turn_1", status: "running", pending: null },
      ])
    })

    it("keeps what it takes to begin a turn until the turn begins", async () => {
      for (const id of ["turn_1", "turn_2"]) {
        const pending = { of: id }
        await store.insertTurn(thread(`thr_${id}`), turn(id, `thr_${id}`), response(`resp_${id}`), {
          pending,
        })
      }
      const pendingOf = async () => (await store.findUnfinished()).map(({ pending }) => pending)
      expect(await pendingOf()).toEqual([{ of: "turn_1" }, { of: "turn_2" }])
      await store.saveProgress({ responseId: "resp_turn_1", turnId: "turn_1", status: "running" })
      await store.saveProgress({ responseId: "resp_turn_2", turnId: "turn_2", status: "cancelled" })
      expect(await pendingOf()).toEqual([null])
    })

    it("finds the newest request of a key, for its principal only, until it is too old or its thread is gone", async () => {
      const insertKeyed = (id: string, createdAt: number) =>
        store.insertTurn(thread(`thr_${id}`), turn(id, `thr_${id}`), response(`resp_${id}`), {
          idempotency: { key: "k", requestHash: `hash of ${id}`, createdAt },
        })
      await insertKeyed("turn_1", 1_000)
      await insertKeyed("turn_2", 2_000)
      const newest = { key: "k", requestHash: "hash of turn_2", responseId: "resp_turn_2", createdAt: 2_000 }
      expect(await store.findIdempotent("owner", "k")).toEqual(newest)
      expect(await store.findIdempotent("bob", "k")).toBeNull()
      await store.deleteIdempotentBefore(2_000)
      expect(await store.findIdempotent("owner", "k")).toEqual(newest)
      await store.deleteIdempotentBefore(2_001)
      expect(await store.findIdempotent("owner", "k")).toBeNull()
      await insertKeyed("turn_3", 3_000)
      await complete(store, "turn_3", "done")
      await store.deleteThreadsUsedBefore(9_000, 10)
      expect(await store.findIdempotent("owner", "k")).toBeNull()
    })

    it("remembers how far things have aged; a ledger that does not know begins with its last use", async () => {
      expect(await store.readClock()).toBeNull()
      await insert(store, { turnId: "turn_1", thread: { usedAt: 5_000 } })
      await insert(store, { turnId: "turn_2", threadId: "thr_2", thread: { usedAt: 4_000 } })
      expect(await store.countThreads()).toBe(2)
      expect(await store.readClock()).toEqual({ age: 5_000, wall: 5_000 })
      await store.saveClock({ age: 6_000, wall: 9_000 })
      await store.saveClock({ age: 7_000, wall: 8_000 })
      await store.close()
      store = await fixture.open()
      expect(await store.readClock()).toEqual({ age: 7_000, wall: 8_000 })
    })

    it("finds an answer that cannot be retrieved, for its principal only, until it is deleted", async () => {
      await insert(store, { turnId: "turn_1", response: { isStored: false } })
      await insert(store, { turnId: "turn_2", response: { isBackground: true } })
      expect(await store.findResponse("owner", "resp_turn_1")).toBeNull()
      expect(await store.findAnswer("owner", "resp_turn_1")).toMatchObject({ isStored: false })
      expect(await store.findAnswer("bob", "resp_turn_1")).toBeNull()
      expect(await store.findAnswer("owner", "resp_turn_2")).toMatchObject({ isBackground: true })
      await store.deleteResponse("owner", "response", "resp_turn_2")
      expect(await store.findAnswer("owner", "resp_turn_2")).toBeNull()
    })

    it("deletes threads unused since a time, the oldest first, with their turns, responses and logs", async () => {
      for (const [index, usedAt] of [3_000, 1_000, 2_000, 9_000].entries()) {
        const threadId = `thr_${index}`
        await insert(store, { turnId: `turn_${index}_1`, threadId, thread: { usedAt } })
        await complete(store, `turn_${index}_1`, "one")
        await insert(store, {
          turnId: `turn_${index}_2`,
          threadId,
          thread: { usedAt },
          turn: { parentTurnId: `turn_${index}_1` },
        })
        await complete(store, `turn_${index}_2`, "two")
      }
      const removed = await store.deleteThreadsUsedBefore(9_000, 2)
      expect(removed.map((gone) => gone.id)).toEqual(["thr_1", "thr_2"])
      expect(await store.findThread("thr_1")).toBeNull()
      expect(await store.findTurn("turn_1_1")).toBeNull()
      expect(await store.findResponse("owner", "resp_turn_1_2")).toBeNull()
      expect(await store.readLog("resp_turn_1_2")).toEqual([])
      expect((await store.deleteThreadsUsedBefore(9_000, 2)).map((gone) => gone.id)).toEqual(["thr_0"])
      expect(await store.deleteThreadsUsedBefore(9_000, 2)).toEqual([])
      expect(await store.findResponse("owner", "resp_turn_3_2")).not.toBeNull()
    })

    it("keeps an old thread while another one descends from it, and removes it after that one", async () => {
      await insert(store, { turnId: "turn_1", threadId: "thr_old" })
      await complete(store, "turn_1", "one")
      await insert(store, {
        turnId: "turn_2",
        threadId: "thr_young",
        thread: { usedAt: 5_000 },
        turn: { parentTurnId: "turn_1" },
      })
      await complete(store, "turn_2", "two")
      expect(await store.deleteThreadsUsedBefore(4_000, 10)).toEqual([])
      expect((await store.lineage("turn_2")).map((step) => step.id)).toEqual(["turn_1", "turn_2"])
      expect((await store.deleteThreadsUsedBefore(6_000, 10)).map((gone) => gone.id)).toEqual(["thr_young"])
      expect((await store.deleteThreadsUsedBefore(6_000, 10)).map((gone) => gone.id)).toEqual(["thr_old"])
    })

    it("keeps an old thread whose turn still runs", async () => {
      await insert(store, { turnId: "turn_1", response: { status: "running" } })
      expect(await store.deleteThreadsUsedBefore(9_000, 10)).toEqual([])
      await complete(store, "turn_1", "done")
      expect(await store.deleteThreadsUsedBefore(9_000, 10)).toHaveLength(1)
    })

    it("applies calls that were not awaited in the order they were made", async () => {
      const inserted = insert(store, { turnId: "turn_1" })
      const saved = complete(store, "turn_1", "answer")
      const found = store.findResponse("owner", "resp_turn_1")
      await Promise.all([inserted, saved])
      expect((await found)?.status).toBe("completed")
    })

    it("keeps everything when it is closed, safe twice, and opened again", async () => {
      await insert(store, { turnId: "turn_1" })
      await complete(store, "turn_1", "kept")
      await store.close()
      await store.close()
      await expect(store.findThread("thr_1")).rejects.toBeInstanceOf(ProxyError)
      store = await fixture.open()
      expect((await store.findResponse("owner", "resp_turn_1"))?.output).toEqual([
        message("kept", "assistant"),
      ])
    })
  })
}
