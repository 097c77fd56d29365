import { request } from "node:http"
import OpenAI from "openai"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { responsesStreamFaults } from "../clients/wire-validity.ts"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { type CodexHome, createCodexHome } from "../support/codex-home.ts"
import { type DaemonProcess, startDaemonProcess } from "../support/daemon-process.ts"
import { processEntry } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

const deltas = 50_000
const others = 128
const megabyte = 1024 * 1024

let model: ModelServer
let codex: CodexHome
let user: TempDir
let daemon: DaemonProcess

beforeAll(async () => {
  model = await startModelServer({ maxRequests: 1 })
  codex = await createCodexHome({ modelUrl: model.url })
  user = await createTempDir("user")
  daemon = await startDaemonProcess({
    userHome: user.path,
    env: codex.env,
    args: ["--cli", codexExecutable()],
  })
})
afterAll(async () => {
  await daemon.stop()
  await model.close()
  await codex.remove()
  await user.remove()
})

/** A stream whose reader stops after the first bytes until `read` is called, which resolves with the whole text. */
async function stalledStream(input: string): Promise<{ read(): Promise<string> }> {
  const outgoing = request(`${daemon.url}/v1/responses`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    agent: false,
  })
  outgoing.end(JSON.stringify({ model: "manager", input, stream: true }))
  const incoming = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve)
    outgoing.once("error", reject)
  })
  incoming.setEncoding("utf8")
  incoming.pause()
  return {
    read: async () => {
      let text = ""
      for await (const chunk of incoming) text += chunk
      return text
    },
  }
}

describe("a reader that stalls", () => {
  it("does not hold up 128 others, costs little memory, and in the end has every event", async () => {
    const client = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: "none", maxRetries: 0 })
    await client.responses.create({ model: "manager", input: "[[say:warm]]" })
    const before = processEntry(daemon.pid)?.residentBytes ?? 0
    const stalled = await stalledStream(`[[deltas:${deltas}]]`)
    const answers = await Promise.all(
      Array.from({ length: others }, (_, n) =>
        client.responses
          .create({ model: "manager", input: `[[say:answer ${n}]]` })
          .then((answer) => answer.output_text),
      ),
    )
    expect(answers).toEqual(Array.from({ length: others }, (_, n) => `answer ${n}`))
    await waitFor(
      async () => {
        const status = await (await fetch(`${daemon.url}/`)).text()
        return /Turns running<\/dt>\s*<dd[^>]*>0</.test(status)
      },
      { what: "the stalled reader's own turn to end", timeoutMs: 30_000 },
    )
    const growth = (processEntry(daemon.pid)?.residentBytes ?? 0) - before
    const text = await stalled.read()
    expect(responsesStreamFaults(text)).toEqual([])
    expect(text.match(/^event: response\.output_text\.delta$/gm)).toHaveLength(deltas)
    // The stream is about 12 MB of text; 128 turns at once have their own share.
    expect(growth / megabyte).toBeLessThan(120)
    console.log(
      "stream",
      Math.round(text.length / megabyte),
      "MB; growth with 128 turns",
      Math.round(growth / megabyte),
      "MB",
    )
  }, 90_000)
})
