import { cpSync, mkdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { oldNode } from "../support/old-node.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { noTerminalReason, Terminal } from "../support/terminal.ts"

const project = resolve(import.meta.dirname, "../..")
const launchers = [
  { under: "a Node that is new enough", node: process.execPath },
  ...(oldNode === null ? [] : [{ under: "an old Node, which starts another one", node: oldNode }]),
]

let root: TempDir
let terminal: Terminal | null = null

beforeEach(async () => {
  root = await createTempDir("ctrl-c")
  const bin = join(root.path, "node_modules/node/bin")
  for (const folder of [bin, join(root.path, "bin"), join(root.path, "dist")])
    mkdirSync(folder, { recursive: true })
  cpSync(join(project, "bin/ai-agent-proxy.cjs"), join(root.path, "bin/ai-agent-proxy.cjs"))
  writeFileSync(join(root.path, "package.json"), '{"type":"module"}')
  writeFileSync(
    join(root.path, "dist/main.js"),
    `await import(${JSON.stringify(join(project, "src/main.ts"))})`,
  )
  const script = `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning "$@"\n`
  writeFileSync(join(bin, "node"), script, { mode: 0o755 })
})
afterEach(async () => {
  await terminal?.close()
  terminal = null
  await root.remove()
})

/** The service in a terminal, with a turn of `count` numbers that has begun. */
async function startTurn(node: string, count: number): Promise<ReadableStreamDefaultReader<string>> {
  const command = `exec '${node}' '${root.path}/bin/ai-agent-proxy.cjs' daemon --port 0 --cli no-such-cli --demo-fallback`
  terminal = new Terminal(command, { HOME: root.path, PATH: "/usr/bin:/bin", NO_COLOR: "1" }, root.path)
  const shown = await terminal.see(/listening on http:\S+/, 60_000)
  const url = /http:\S+$/.exec(shown)?.[0] ?? ""
  await terminal.see("curl ")
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "manager",
      stream: true,
      messages: [{ role: "user", content: `count to ${count}` }],
    }),
  })
  if (answer.body === null) throw new Error("no answer")
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  while (!text.includes('" 3"')) text += (await reader.read()).value ?? ""
  return reader
}

async function readToEnd(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = ""
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return text
    text += value
  }
}

describe.skipIf(noTerminalReason !== null).each(launchers)(
  "Ctrl-C in the terminal of a service under $under",
  ({ node }) => {
    it("lets the turns that run come to their end, once", async () => {
      const reader = await startTurn(node, 150)
      terminal?.type("\x03")
      const rest = await readToEnd(reader)
      expect(rest).toContain('" 150"')
      expect(rest).toContain("[DONE]")
      expect(await terminal?.exit()).toBe(0)
      expect(terminal?.text.match(/stopping/g)).toHaveLength(1)
    }, 90_000)

    it("ends it at once the second time", async () => {
      const reader = await startTurn(node, 1_000)
      terminal?.type("\x03")
      await terminal?.see("stopping")
      terminal?.type("\x03")
      // By a reset: an orderly end would be that of a whole answer behind a proxy.
      await expect(readToEnd(reader)).rejects.toMatchObject({ cause: { code: "ECONNRESET" } })
      expect(await terminal?.exit()).toBe(130)
    }, 90_000)
  },
)
