import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import OpenAI from "openai"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { resultOf } from "../support/command.ts"
import { type DaemonProcess, spawnCommand, startDaemonProcess } from "../support/daemon-process.ts"
import { makeOldAgent, makeOldHome } from "../support/old-home.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"

let folder: TempDir
let home: string
let env: Record<string, string>
let daemon: DaemonProcess | null = null

beforeEach(async () => {
  folder = await createTempDir("from-older-release")
  home = join(folder.path, ".ai_agent_proxy")
  env = { PATH: "/usr/bin:/bin", HOME: folder.path, AI_AGENT_PROXY_CLI: "demo" }
  await makeOldHome(home)
  await makeOldAgent(home, "manager", { autostart: true, cli: "demo" })
  const alice = { cli: "demo", working_dir: join(home, "engineer_alice") }
  await makeOldAgent(home, "engineer_alice", { autostart: true, ...alice }, [{ action: "connect", ...alice }])
  await makeOldAgent(home, "reviewer_alice", { autostart: false, cli: "demo" })
})
afterEach(async () => {
  await daemon?.stop("SIGKILL")
  daemon = null
  await folder.remove()
})

const command = (...args: string[]) => resultOf(spawnCommand(args, env))

async function start(): Promise<OpenAI> {
  daemon = await startDaemonProcess({ userHome: folder.path, env })
  return new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: "none", maxRetries: 0 })
}

describe("a home of release 0.2.0", () => {
  it("has its agents again at the first start: they answer, in chat and Responses, and remember", async () => {
    const client = await start()
    const models = await client.models.list()
    expect(models.data.map(({ id }) => id)).toEqual(["manager", "engineer_alice", "reviewer_alice"])
    expect(daemon?.output()).toContain("engineer_alice, manager, reviewer_alice")

    const answer = await client.responses.create({ model: "engineer_alice", input: "say hello" })
    expect(answer).toMatchObject({ model: "engineer_alice", output_text: "hello" })
    const messages = [{ role: "user" as const, content: "say more" }]
    const completion = await client.chat.completions.create({ model: "engineer_alice", messages })
    expect(completion).toMatchObject({ model: "engineer_alice", choices: [{ message: { content: "more" } }] })
    // She worked in her own folder.
    expect(readdirSync(join(home, "engineer_alice"))).not.toContain("work")
    expect(readFileSync(join(home, "engineer_alice/memory/memory.md"), "utf8")).toContain("remembers")

    const stopped = client.responses.create({ model: "reviewer_alice", input: "hello" })
    await expect(stopped).rejects.toMatchObject({ code: "agent_not_ready" })
  }, 60_000)

  it("may have two of one name: it alone means neither of them, and says so", async () => {
    const client = await start()
    const both = { message: expect.stringContaining("engineer_alice, reviewer_alice") }
    const messages = [{ role: "user" as const, content: "hello" }]
    for (const stream of [false, true]) {
      await expect(client.responses.create({ model: "alice", input: "hello", stream })).rejects.toMatchObject(
        both,
      )
      await expect(
        client.chat.completions.create({ model: "alice", messages, stream }),
      ).rejects.toMatchObject(both)
    }
    expect((await command("stop", "alice")).stderr).toContain("engineer_alice, reviewer_alice")
  }, 60_000)

  it("is taken over by init and hire, too, once, and doctor tells of it for good", async () => {
    const hired = await command("hire", "engineer", "bob")
    expect(hired.stderr).toContain("From release 0.2.0")
    expect((await command("init")).stderr).not.toContain("From release 0.2.0")
    const ids = ["manager", "engineer_alice", "engineer_bob", "reviewer_alice"]
    const list = await command("list", "--json")
    expect(JSON.parse(list.stdout).agents.map(({ id }: { id: string }) => id)).toEqual(ids)
    const { checks } = JSON.parse((await command("doctor", "--json")).stdout)
    expect(checks).toContainEqual(
      expect.objectContaining({
        name: "from 0.2.0",
        status: "ok",
        message: expect.stringContaining("engineer_alice, manager, reviewer_alice"),
      }),
    )
  }, 60_000)

  it("can be gone on with by the older release: nothing of it was changed or removed", async () => {
    const files = [
      "api.json",
      "agent_replies/t1.json",
      "manager/AGENTS.md",
      "engineer_alice/control/runtime.json",
    ]
    const before = files.map((file) => readFileSync(join(home, file), "utf8"))
    const client = await start()
    await client.responses.create({ model: "engineer_alice", input: "say hello" })
    await daemon?.stop()
    expect(files.map((file) => readFileSync(join(home, file), "utf8"))).toEqual(before)
    expect(readdirSync(join(home, "engineer_alice/control/queue"))).toHaveLength(1)
  }, 60_000)
})
