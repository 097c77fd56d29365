/**
 * Runs an executable once a line of stdin and prints, for each, the milliseconds from the spawn to its first agent message
 * and to its end. A small process of its own: `spawn` costs in proportion to the memory of the one who calls it.
 * Arguments: the executable and its arguments.
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

const [file = "codex", ...args] = process.argv.slice(2)

function run(): Promise<string> {
  const startedAt = performance.now()
  let firstMs: number | null = null
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "ignore"] })
  return new Promise((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (firstMs === null && text.includes("agent_message")) firstMs = performance.now() - startedAt
    })
    child.once("error", () => resolve("failed"))
    child.once("close", (code) => {
      const totalMs = performance.now() - startedAt
      resolve(code === 0 ? `${firstMs ?? totalMs} ${totalMs}` : "failed")
    })
  })
}

for await (const _ of createInterface({ input: process.stdin })) {
  const line = await run()
  process.stdout.write(`${line}\n`)
}
