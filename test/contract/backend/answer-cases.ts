import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { comparedCapabilities, documentedCapabilities } from "../documented-capabilities.ts"
import { inputOf } from "../turn-recording.ts"
import { type Contract, needs } from "./contract.ts"

const answerSchema = {
  type: "object",
  properties: { answer: { type: "string" } },
  required: ["answer"],
  additionalProperties: false,
}

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

/** What CLIs have for commands, shell lines, notes and mentions of files. */
const ownWords = [
  "/etc/hosts: what is in it?",
  "// why?",
  "/help me with this",
  "/compact",
  "$about the price",
  "?btw",
  "!ls",
  "# heading",
  "@secret.txt what is the word?",
  'Look at @secret.txt and @"secret.txt".',
]

/** What comes of one prompt. To be called inside the `describe` of the contract. */
export function describeAnswers(contract: Contract): void {
  it("is ready, and names its program", async () => {
    expect(await contract.backend.readiness()).toEqual({ isReady: true })
    expect(contract.capabilities.program).not.toBe("")
  })

  it("can do what the documentation says, no more and no less", (context) => {
    needs(context, contract.harness.documentedAs)
    expect(comparedCapabilities(contract.capabilities)).toEqual(
      documentedCapabilities(contract.harness.documentedAs),
    )
  })

  it("streams an answer whose deltas make up the whole text, unicode included", async () => {
    const text = "Grüße, 世界 🦀 — 𝔘𝔫𝔦𝔠𝔬𝔡𝔢"
    const turn = await contract.run(await contract.open(), contract.prompts.say(text))
    expect(turn.last.type).toBe("turn.completed")
    expect(turn.answer).toBe(text)
    expect(turn.events[0]?.type).toBe("turn.started")
    expect(turn.ref).not.toBe("")
    if (contract.capabilities.streamsDeltas) expect(turn.streamed).toBe(text)
  })

  it("delivers the first delta before the answer is complete", async (context) => {
    needs(context, contract.capabilities.streamsDeltas)
    let deltasAtOnce = 0
    const turn = contract.backend.startTurn(await contract.open(), inputOf(contract.prompts.count(10)))
    for await (const batch of turn.events) {
      const deltas = batch.filter((event) => event.type === "item.delta").length
      if (deltas > 0 && deltasAtOnce === 0) deltasAtOnce = deltas
    }
    expect(deltasAtOnce).toBeGreaterThan(0)
    expect(deltasAtOnce).toBeLessThan(10)
  })

  it("reports usage with the end of a turn", async (context) => {
    needs(context, contract.harness.tellsUsage !== false)
    const { last } = await contract.run(await contract.open(), contract.prompts.say("usage"))
    if (last.type !== "turn.completed" || last.usage === null) throw new Error("no usage")
    expect(last.usage.inputTokens).toBeGreaterThan(0)
    expect(last.usage.outputTokens).toBeGreaterThan(0)
  })

  it("gives the instructions of the thread to the model", async (context) => {
    const { developerText } = contract.harness
    needs(context, developerText)
    const thread = await contract.open({ instructions: "Answer like a lighthouse keeper." })
    await contract.run(thread, contract.prompts.say("ahoy"))
    expect(developerText()).toContain("Answer like a lighthouse keeper.")
  })

  it("hands texts that look like commands and mentions to the model as they were sent", async (context) => {
    const { heard, posted, workspace } = contract.harness
    needs(context, heard)
    writeFileSync(join(workspace, "secret.txt"), "The word is basilisk.")
    const thread = await contract.open()
    for (const text of ownWords) {
      const sent = `${text} ${contract.prompts.say("seen")}`
      const turn = await contract.run(thread, sent)
      expect([text, turn.answer, turn.last.type]).toEqual([text, "seen", "turn.completed"])
      // Nothing but a frame of ours stands before it.
      expect(heard().at(-1)?.endsWith(sent), `${text}: ${heard().at(-1)}`).toBe(true)
    }
    expect(posted?.() ?? "").not.toContain("basilisk")
  })

  it("shows an image to the model", async (context) => {
    needs(context, contract.capabilities.acceptsImages)
    const url = `data:image/png;base64,${png}`
    const parts = [
      { type: "text", text: contract.prompts.image },
      { type: "image", url },
    ] as const
    const { answer } = await contract.run(await contract.open(), inputOf(parts))
    expect(answer).toContain("image/png")
    expect(answer).toContain(String(Buffer.from(png, "base64").length))
  })

  it("answers with JSON that has the wanted form", async (context) => {
    needs(context, contract.capabilities.hasOutputSchema)
    const turn = await contract.run(
      await contract.open(),
      inputOf(contract.prompts.schema, { outputSchema: answerSchema }),
    )
    expect(JSON.parse(turn.answer)).toEqual({ answer: expect.any(String) })
  })
}
