import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { codexExecutable } from "../support/codex-binary.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

let service: TestService
let folder: string
afterEach(() => service.stop())
beforeEach(async () => {
  service = await startTestService()
  folder = join(service.home, "..", "old-work")
  mkdirSync(folder)
})

/** The home becomes one of release 0.2.0, whose manager worked in `folder`. */
async function becomeOld(cli = "codex"): Promise<void> {
  writeFileSync(join(service.home, "from-0.2.0.json"), '{"agents": ["manager"], "left": []}')
  const runtime = { autostart: true, working_dir: folder, cli }
  writeFileSync(join(service.home, "manager/control/runtime.json"), JSON.stringify(runtime))
  await service.restart()
}

const record = () => JSON.parse(readFileSync(join(service.home, "from-0.2.0.json"), "utf8"))

/** What codex says when it is run as that release ran it. */
async function exec(prompt: string): Promise<string> {
  const args = [
    "exec",
    "resume",
    "--last",
    "--skip-git-repo-check",
    "--dangerously-bypass-approvals-and-sandbox",
  ]
  const child = spawn(codexExecutable(), [...args, prompt], {
    cwd: folder,
    env: service.codex.env,
    stdio: ["ignore", "pipe", "ignore"],
  })
  let said = ""
  child.stdout.on("data", (data) => {
    said += String(data)
  })
  await once(child, "close")
  return said
}

async function ask(text: string, fields: object = {}): Promise<string> {
  const asked = { model: "manager", messages: [{ role: "user" as const, content: text }], ...fields }
  const answer = await service.client.chat.completions.create(asked)
  return answer.choices[0]?.message.content ?? ""
}

describe("the session that release 0.2.0 talked in", () => {
  it("is gone on with by the manager's first conversation, once, and stays as it is", async () => {
    // As that release has put a message.
    const around = "You manage.\n\nRequested target agent: manager\nRequest metadata: {}\n\nUser input:\n"
    await exec(`${around}[[say:noted]] The ship is called Heron.`)
    await exec("[[shell:echo sailing]][[say:seen]] Look.")
    await becomeOld()
    // These are no conversations of somebody's.
    await ask("[[history]]", { store: false })
    expect(record().session).toBeUndefined()

    const first = await ask("[[history]] Where were we?")
    expect(first).toContain("The ship is called Heron.")
    expect(first).toContain("noted")
    expect(first.indexOf("Heron")).toBeLessThan(first.indexOf("Where were we?"))
    expect(JSON.stringify(service.model.requests.at(-1)?.body)).toContain("sailing")
    expect(record().session).toMatchObject({ thread: expect.stringMatching(/^[0-9a-f-]{36}$/) })

    // Its client goes on with what it has of it, and another conversation begins anew.
    const messages = [
      { role: "user" as const, content: "[[history]] Where were we?" },
      { role: "assistant" as const, content: first },
      { role: "user" as const, content: "[[history]] And now?" },
    ]
    const second = await ask("", { messages })
    const words: string[] = JSON.parse(second).map(({ text }: { text: string }) => text)
    expect(words.filter((text) => text === "[[say:noted]] The ship is called Heron.")).toHaveLength(1)
    expect(words.filter((text) => text === "[[history]] Where were we?")).toHaveLength(1)
    expect(await ask("[[history]] Something else.")).not.toContain("Heron")
    await service.restart()
    expect(await ask("[[history]] Again.")).not.toContain("Heron")

    // That release finds it as it has left it.
    const back = await exec("[[history]] Back again.")
    expect(back).toContain("Heron")
    expect(back).not.toContain("Where were we?")
  }, 120_000)

  it("is missed in words where codex has none", async () => {
    await becomeOld()
    expect(await ask("[[history]] Hello.")).toContain("Hello.")
    expect(record().session).toEqual({ thread: null, note: expect.stringContaining(folder) })
    expect(service.logged.some(({ message }) => message.includes("codex has no session"))).toBe(true)
  }, 60_000)

  it("is for the functions and the tools of now, and is known after the loss of its thread", async () => {
    await exec("[[say:noted]] The ship is called Heron.")
    await becomeOld()
    const tools = [{ type: "function" as const, name: "look", parameters: { type: "object" }, strict: false }]
    const { client } = service
    const first = await client.responses.create({
      model: "manager",
      input: "[[tool:look:{}]][[say:ok]] Go.",
      tools,
    })
    const call = first.output.find(({ type }) => type === "function_call")
    if (call?.type !== "function_call") throw new Error("no function was called")
    const output = { type: "function_call_output" as const, call_id: call.call_id, output: "a mast" }
    const next = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: [output],
      tools,
    })
    expect(next.output_text).toBe("ok")
    await service.restart()
    const again = await service.client.responses.create({
      model: "manager",
      previous_response_id: next.id,
      input: "[[history]] Still?",
      tools,
    })
    expect(again.output_text).toContain("Heron")
  }, 120_000)
})
