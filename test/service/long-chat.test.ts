import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { prefixShares } from "../model-server/prefix-share.ts"
import { conversationOf, toolOutputsOf } from "../model-server/request-readers.ts"
import { type CliName, startCliService } from "../support/cli-service.ts"
import { chatWire, responsesWire, runLongChat } from "../support/long-chat.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import type { TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function runChat(name: CliName, wire: typeof chatWire, modelName?: string) {
  const { service, stop } = await startCliService(name, modelName)
  stops.push(stop)
  const ran = () => readFileSync(join(service.home, "manager", "ran.txt"), "utf8")
  const changes: { readonly what: string; readonly from: number }[] = []
  const chat = await runLongChat({
    client: service.client,
    wire,
    onTurn: (what) => changes.push({ what, from: mainRequests(service).length }),
    hasRun: (mark) =>
      waitFor(() => ran().includes(mark), { what: `the command of ${mark}`, timeoutMs: 60_000 }),
  })
  return { service, chat, ran: ran(), changes }
}

/** Without those for a title and the like, which offer no tools; in code mode the tools are an item of the input. */
function mainRequests({ model }: TestService) {
  return model.requests.filter(
    ({ body }) => (body.tools ?? []).length > 0 || body.input[0]?.type === "additional_tools",
  )
}

function count(text: string, part: string): number {
  return text.split(part).length - 1
}

describe.each([
  ["codex", "scripted-1", chatWire],
  ["codex", "scripted-1", responsesWire],
  ["codex", "gpt-5.5", chatWire],
  ["codex", "gpt-6-sol", responsesWire],
  ["claude", undefined, chatWire],
  ["claude", undefined, responsesWire],
  ["gemini", undefined, chatWire],
  ["opencode", undefined, responsesWire],
] as const)("a chat of twelve turns in which everything changes, on %s (%s)", (name, modelName, wire) => {
  const isMissing = name !== "codex" && testCli(name) === null
  it.skipIf(isMissing)(
    isMissing
      ? missingCli(name)
      : `by ${wire.name}: the model has every message once, and every command ran once`,
    { timeout: 300_000 },
    async () => {
      const { service, chat, ran, changes } = await runChat(name, wire, modelName)
      expect(chat.last).toBe("answer twelve")
      for (const mark of chat.ranMarks) expect([mark, count(ran, mark)]).toEqual([mark, 1])
      const last = mainRequests(service).at(-1)
      if (last === undefined) throw new Error("the model server got no request")
      const said = JSON.stringify(conversationOf(last).filter(({ role }) => role === "user"))
      for (const mark of chat.saidMarks) expect([mark, count(said, mark)]).toEqual([mark, 1])
      expect(count(JSON.stringify(last.body), "Edited by hand.")).toBe(1)
      const outputs = JSON.stringify([toolOutputsOf(last), said])
      // gemini tells nobody what its commands print: a session that takes the place of another does not know it.
      const known = name === "gemini" ? chat.ranMarks.slice(-2) : chat.ranMarks
      for (const mark of known.filter((one) => one !== chat.stopped.ran)) {
        expect([mark, count(outputs, mark)]).toEqual([mark, 1])
      }
      if (name !== "codex") return
      const shares = prefixShares(mainRequests(service)).map(({ share }) => share)
      // The first request, and the one that offers a function that the thread has not got.
      const begins = [0, changes[2]?.from]
      for (const [index, share] of shares.entries()) {
        if (!begins.includes(index)) expect([index, Number(share >= 0.9), share]).toEqual([index, 1, share])
      }
    },
  )
})
