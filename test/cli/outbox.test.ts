import { mkdirSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { expect, it } from "vitest"
import { runCommand } from "../support/command.ts"
import { createTempDir } from "../support/temp-dir.ts"

it("outbox --clear goes on where somebody else has taken out a message meanwhile, and counts what it did", async () => {
  const user = await createTempDir("outbox")
  const home = join(user.path, ".ai_agent_proxy")
  mkdirSync(home, { mode: 0o700 })
  const words = { agent: "manager", text: "Done.", created_at: 1, final: false, response_id: null }
  const removals: string[] = []
  const answers: Record<string, object> = {
    "GET /control/status": { version: "1", pid: 1, phase: "ready", uptime_seconds: 1, url: null, agents: [] },
    "GET /agent-reply?limit=20": {
      data: ["rep_3", "rep_2", "rep_1"].map((id) => ({ id, ...words })),
      has_more: false,
    },
  }
  const gone = { error: { message: "There is no message 'rep_2' in the outbox.", code: "reply_not_found" } }
  const daemon = createServer(({ method, url = "" }, response) => {
    if (method === "DELETE") removals.push(url)
    const isGone = method === "DELETE" && url.endsWith("rep_2")
    response.statusCode = isGone ? 404 : 200
    response.end(JSON.stringify(isGone ? gone : (answers[`${method} ${url}`] ?? { deleted: true })))
  })
  await new Promise<void>((resolve) => {
    daemon.listen(join(home, "daemon.sock"), resolve)
  })
  try {
    const env = { PATH: process.env.PATH ?? "", HOME: user.path, AI_AGENT_PROXY_HOME: home }
    const { code, stdout, stderr } = await runCommand(["outbox", "--clear"], { env })
    expect(removals).toEqual(["rep_3", "rep_2", "rep_1"].map((id) => `/agent-reply/${id}`))
    expect(stdout.match(/Done\./g)).toHaveLength(3)
    expect([code, stderr]).toEqual([0, "Taken out: 2. Taken out by somebody else meanwhile: 1.\n"])
  } finally {
    daemon.closeAllConnections()
    await new Promise((resolve) => {
      daemon.close(resolve)
    })
    await user.remove()
  }
}, 60_000)
