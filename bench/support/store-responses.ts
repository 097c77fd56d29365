import { join } from "node:path"
import { newId } from "../../src/domain/ids.ts"
import type { Item } from "../../src/domain/items.ts"
import { noUsage } from "../../src/domain/usage.ts"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { daemonHome } from "./service-process.ts"

/** Puts finished responses, each a thread of its own, into the ledger of a daemon that does not run. */
export async function storeResponses(folder: string, count: number): Promise<void> {
  const store = await openSqliteStore(join(daemonHome(folder), "state.db"))
  const now = Date.now()
  for (let index = 0; index < count; index += 1) {
    const threadId = newId("thr_")
    const turnId = newId("turn_")
    const responseId = newId("resp_")
    const text = `Answer ${index} of a model that likes to explain itself at some length. `.repeat(10)
    await store.insertTurn(
      {
        id: threadId,
        principal: "owner",
        agentId: "manager",
        backend: "codex",
        keyHash: "k".repeat(64),
        instructions: null,
        nativeRef: newId("thr_"),
        isEphemeral: false,
        isMain: false,
        sessionKey: null,
        resendsHistory: false,
        headTurnId: turnId,
        createdAt: now - index,
        usedAt: now - index,
      },
      {
        id: turnId,
        threadId,
        responseId,
        parentTurnId: null,
        nativeRef: null,
        input: [message("user", `Question ${index}?`)],
        historyHash: null,
        createdAt: now - index,
        conversationId: null,
      },
      {
        id: responseId,
        kind: "response",
        principal: "owner",
        agentId: "manager",
        previousResponseId: null,
        isStored: true,
        isBackground: false,
        echo: {},
        createdAt: now - index,
        status: "queued",
        completedAt: null,
        error: null,
        usage: null,
        output: [],
      },
    )
    const items = [{ outputIndex: 0, item: message("assistant", text) }]
    await store.saveProgress({
      responseId,
      turnId,
      items,
      log: [{ firstSequence: 0, json: JSON.stringify([{ type: "created" }, { type: "completed" }]) }],
      status: "completed",
      completedAt: now,
      usage: noUsage,
      historyHash: newId("turn_"),
    })
  }
  await store.close()
}

function message(role: "user" | "assistant", text: string): Item {
  const content = [{ type: "text" as const, text }]
  return { type: "message", id: newId("msg_"), role, content, phase: null, status: "completed" }
}
