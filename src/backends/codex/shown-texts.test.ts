import { describe, expect, it } from "vitest"
import type { MessageItem } from "../../domain/items.ts"
import { namesFor } from "../kit/functions/handed-functions.ts"
import { historyItems, ShownTexts } from "./history-items.ts"

const long = "Wörter, die lang sind. ".repeat(60)

function message(id: string, text: string): MessageItem {
  const content = [{ type: "text" as const, text }]
  return { type: "message", id, role: "assistant", content, phase: "final_answer", status: "completed" }
}

function raw(id: string, text: string) {
  return {
    type: "message",
    id,
    role: "assistant",
    phase: "final_answer",
    content: [{ type: "output_text", text }],
  }
}

function seeded(native: readonly unknown[], output: readonly MessageItem[]) {
  const turn = { input: [], output, native: { kind: "codex", items: native } }
  return historyItems([turn], namesFor("codex", []))
}

describe("the text of an answer", () => {
  it("is left out of the raw item that repeats it, and is back when a thread is seeded", () => {
    const texts = new ShownTexts()
    texts.told(message("msg_1", long))
    const kept = texts.withoutShown(raw("msg_1", long))
    expect(JSON.stringify(kept).length).toBeLessThan(300)
    // In the ledger the item has an id of ours.
    const output = [message("msg_a", "Something else."), message("msg_b", long)]
    expect(seeded([JSON.parse(JSON.stringify(kept))], output)).toEqual([raw("msg_1", long)])
  })

  it("stays in the raw item where it is short, was not told, or was told in other words", () => {
    const texts = new ShownTexts()
    texts.told(message("msg_1", long))
    texts.told(message("msg_2", "Short."))
    for (const item of [raw("msg_2", "Short."), raw("msg_3", long), raw("msg_1", `${long}!`)]) {
      expect(texts.withoutShown(item)).toEqual(item)
    }
  })

  it("is the one that the client was shown, where codex told another at the end", () => {
    const texts = new ShownTexts()
    texts.told(message("msg_1", long))
    const kept = [texts.withoutShown(raw("msg_1", long)), raw("msg_2", "Then this.")]
    const output = [message("msg_a", `${long} As it was sent.`), message("msg_b", "Then this.")]
    expect(seeded(kept, output)).toEqual([
      raw("msg_1", `${long} As it was sent.`),
      raw("msg_2", "Then this."),
    ])
  })

  it("is not made up where the client was shown another one", () => {
    const texts = new ShownTexts()
    texts.told(message("msg_1", long))
    const kept = texts.withoutShown(raw("msg_1", long))
    expect(seeded([kept, raw("msg_2", "Then this.")], [message("msg_b", "Then this.")])).toEqual([
      raw("msg_2", "Then this."),
    ])
  })
})
