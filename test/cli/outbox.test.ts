import { mkdirSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { type CommandResult, runCommand } from "../support/command.ts"
import { createTempDir } from "../support/temp-dir.ts"

const words = { agent: "manager", text: "Done.", created_at: 1, final: false, response_id: null }

/** `outbox ARGS` at a service that has these messages; `onRemoval` answers for what is to be taken out. */
async function outbox(
  args: readonly string[],
  messages: readonly object[],
  onRemoval: RequestListener = () => {},
): Promise<CommandResult> {
  const user = await createTempDir("outbox")
  onTestFinished(() => user.remove())
  const home = join(user.path, ".ai_agent_proxy")
  mkdirSync(home, { mode: 0o700 })
  const answers: Record<string, object> = {
    "/control/status": { version: "1", pid: 1, phase: "ready", uptime_seconds: 1, url: null, agents: [] },
    "/agent-reply?limit=20": { data: messages, has_more: false },
  }
  const daemon = createServer((request, response) => {
    if (request.method === "DELETE") onRemoval(request, response)
    else response.end(JSON.stringify(answers[request.url ?? ""]))
  })
  await new Promise<void>((resolve) => {
    daemon.listen(join(home, "daemon.sock"), resolve)
  })
  try {
    const env = { PATH: process.env.PATH ?? "", HOME: user.path, AI_AGENT_PROXY_HOME: home }
    return await runCommand(["outbox", ...args], { env })
  } finally {
    daemon.closeAllConnections()
    await new Promise((resolve) => {
      daemon.close(resolve)
    })
  }
}

it("outbox --clear goes on where somebody else has taken out a message meanwhile, and counts what it did", async () => {
  const removals: string[] = []
  const gone = { error: { message: "There is no message 'rep_2' in the outbox.", code: "reply_not_found" } }
  const messages = ["rep_3", "rep_2", "rep_1"].map((id) => ({ id, ...words }))
  const { code, stdout, stderr } = await outbox(["--clear"], messages, ({ url = "" }, response) => {
    removals.push(url)
    const isGone = url.endsWith("rep_2")
    response.statusCode = isGone ? 404 : 200
    response.end(JSON.stringify(isGone ? gone : { deleted: true }))
  })
  expect(removals).toEqual(["rep_3", "rep_2", "rep_1"].map((id) => `/agent-reply/${id}`))
  expect(stdout.match(/Done\./g)).toHaveLength(3)
  expect([code, stderr]).toEqual([0, "Taken out: 2. Taken out by somebody else meanwhile: 1.\n"])
}, 60_000)

it("outbox shows no name that the terminal would obey, of an agent or of a file that release 0.2.0 has left", async () => {
  const agent = "mana\u001b]0;title\u0007ger\nmanager, 1 s ago"
  const file = "agent_replies/a\u001b[2J\u009b31m\nTaken out: 9..json"
  const { code, stdout, stderr } = await outbox(["--clear"], [{ ...words, id: "a", agent, file }])
  expect(stdout).toMatch(/^mana\]0;titleger manager, 1 s ago, \d+ d .*ago\n {2}Done\.\n$/)
  expect(stderr).toBe(
    "Taken out: 0.\nWhat release 0.2.0 has left stays where it is: agent_replies/a[2J31m Taken out: 9..json.\n",
  )
  expect(code).toBe(0)
}, 60_000)

it("outbox --json is JSON that says the same, and nothing that a terminal would obey or that turns words around", async () => {
  const text = "\u001b[2J \u009b31m \u007f \u2028 \u202egnp.exe \u2066x\u2069 \u200f"
  const message = { ...words, id: "a", agent: "manager\u0090", text }
  const { code, stdout } = await outbox(["--json"], [message])
  expect(JSON.parse(stdout)).toMatchObject({ messages: [message] })
  expect(stdout).toMatch(/^[\n -~]*$/)
  expect(code).toBe(0)
}, 60_000)
