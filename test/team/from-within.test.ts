import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runCommand } from "../support/command.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

let service: TestService

beforeAll(async () => {
  service = await startTestService({ env: { PATH: process.env.PATH ?? "" } })
  await service.roster.hire({ role: "engineer", name: "alice" })
})
afterAll(() => service.stop())

/** What a command prints that an agent types in a shell of its turn, with its exit code; 124: it waited until it was ended. */
function inTurn(command: string): string {
  return `[[shell:timeout 40 ${command} 2>&1; echo code $?]]`
}

const program = '"$AI_AGENT_PROXY_COMMAND"'

async function shellOf(model: string, command: string): Promise<string> {
  const { output } = await service.client.responses.create({ model, input: inTurn(command) })
  const call = output.find((item) => item.type === "mcp_call")
  return call?.output ?? ""
}

/** A message for `connect`, which may hold directives of its own. */
function messageIn(name: string, text: string): string {
  const file = join(service.home, `${name}.txt`)
  writeFileSync(file, text)
  return file
}

const env = () => ({ PATH: process.env.PATH ?? "", HOME: service.home, AI_AGENT_PROXY_HOME: service.home })
const isRunning = (id: string) => service.roster.list().find((agent) => agent.id === id)?.state === "running"

describe("an agent that connects in a shell of its turn", () => {
  it("to itself is told at once that it cannot, also in the conversation that it talks in", async () => {
    const message = messageIn("to-itself", "Do it.")
    const told = /You are manager: an agent cannot ask itself\. Do it in this turn\.\s+code 1/
    expect(await shellOf("manager", `${program} connect manager < ${message}`)).toMatch(told)
    expect(await shellOf("manager", `${program} connect manager --new < ${message}`)).toMatch(told)
    // The person's own talk: its turn would wait for the one behind it.
    const input = `${inTurn(`${program} connect manager < ${message}`)}[[say:done]]`
    const talk = await runCommand(["connect", "manager", "--json"], { env: env(), stdin: input })
    expect(talk.stdout).toContain('"status":"completed"')
    expect(JSON.stringify(service.model.requests.at(-1)?.body)).toMatch(/an agent cannot ask itself/)
  })

  it("to one that waits for its answer is told so", async () => {
    const back = messageIn("back", "And you?")
    const there = messageIn("there", `${inTurn(`${program} connect manager < ${back}`)}[[echo]]`)
    await shellOf("manager", `${program} connect alice < ${there}`)
    expect(JSON.stringify(service.model.requests.map(({ body }) => body))).toMatch(
      /manager waits for this answer itself \(manager asks engineer_alice\)/,
    )
  })

  it("to another one talks with it", async () => {
    const message = messageIn("to-alice", "[[say:here is alice]]")
    expect(await shellOf("manager", `${program} connect alice < ${message}`)).toMatch(
      /here is alice\s+code 0/,
    )
  })

  it("may reach itself once its turn is over", async () => {
    const { output } = await service.client.responses.create({
      model: "manager",
      input: "[[shell:echo token=$AI_AGENT_PROXY_AGENT_TOKEN thread=$CODEX_THREAD_ID]]",
    })
    const printed = JSON.stringify(output)
    const token = /token=([\w-]+)/.exec(printed)?.[1] ?? ""
    const thread = /thread=([\w-]+)/.exec(printed)?.[1] ?? ""
    const late = await runCommand(["connect", "manager"], {
      env: { ...env(), AI_AGENT_PROXY_AGENT_TOKEN: token, CODEX_THREAD_ID: thread },
      stdin: "[[say:here I am]]",
    })
    expect([late.code, late.stdout]).toEqual([0, expect.stringContaining("here I am")])
  })
})

describe("an agent that would end its own turn", () => {
  it.each([
    ["stop alice", "stopping"],
    ["stop --all", "stopping"],
    ["fire alice", "firing"],
  ])("by `%s` is told what to do instead, and goes on", async (command, doing) => {
    const said = await shellOf("alice", `${program} ${command}`)
    expect(said).toContain(`You are engineer_alice, in a turn of yours: ${doing} it now would end that turn`)
    expect(said).toMatch(/code 1/)
    expect([isRunning("engineer_alice"), isRunning("manager")]).toEqual([true, true])
  })

  it("does with others what it likes", async () => {
    await service.roster.hire({ role: "engineer", name: "bob" })
    expect(await shellOf("manager", `${program} stop bob`)).toMatch(/engineer_bob is stopped\s+code 0/)
  })
})
