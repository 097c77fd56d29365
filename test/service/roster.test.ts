import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import type OpenAI from "openai"
import { afterEach, describe, expect, it } from "vitest"
import { agentPath } from "../agents/agents.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { descendantsOf, isRunning } from "../support/processes.ts"
import { startTestService, type TestService, type TestServiceOptions } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService | null = null

afterEach(async () => {
  await service?.stop()
  service = null
})

async function start(options: TestServiceOptions = {}): Promise<TestService> {
  service = await startTestService(options)
  return service
}

function statusOf(id: string) {
  return service?.roster.list().find((agent) => agent.id === id)
}

function controlOf(id: string): string {
  return join(service?.home ?? "", id, "control", "agent.json")
}

function editControl(id: string, changed: object): void {
  const before = JSON.parse(readFileSync(controlOf(id), "utf8")) as object
  writeFileSync(controlOf(id), JSON.stringify({ ...before, ...changed }, null, 2))
}

async function say(model: string, text: string): Promise<string> {
  const response = await service?.client.responses.create({ model, input: text })
  return `${response?.model}: ${response?.output_text}`
}

describe("the agents of a service", () => {
  it("are addressed by id and by bare name, and are all listed", async () => {
    const { client, roster } = await start()
    const { agent, isNew } = await roster.hire({ role: "engineer", name: "alice" })
    expect([isNew, agent.id, agent.readiness]).toEqual([true, "engineer_alice", { isReady: true }])
    expect(isRunning(agent.pid ?? -1)).toBe(true)
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(["manager", "engineer_alice"])
    expect(await say("engineer_alice", "[[say:one]]")).toBe("engineer_alice: one")
    expect(await say("alice", "[[say:two]]")).toBe("engineer_alice: two")
    expect(await say("gpt-5", "[[say:three]]")).toBe("manager: three")
    expect((await roster.hire({ role: "engineer", name: "alice" })).isNew).toBe(false)
  })

  it("are refused under a name that another one has, or that cannot be a folder's", async () => {
    const { roster } = await start()
    await roster.hire({ role: "engineer", name: "alice" })
    await expect(roster.hire({ role: "architect", name: "alice" })).rejects.toThrow(
      "There is a 'alice' already: engineer_alice",
    )
    await expect(roster.hire({ role: "../x", name: null })).rejects.toThrow('The role "../x" must be')
  })

  it("come back after a restart of the service as they were", async () => {
    const { roster, restart } = await start()
    await roster.hire({ role: "engineer", name: "alice" })
    await roster.hire({ role: "engineer", name: "bob" })
    await roster.stop("engineer_bob")
    await restart()
    expect(await say("alice", "[[say:here]]")).toBe("engineer_alice: here")
    expect(await say("bob", "[[say:x]]").catch((error: unknown) => error)).toMatchObject({ status: 400 })
  })

  it("end their turns when they are stopped, say so with the next command, and come back by start", async () => {
    const { client, roster, restart } = await start()
    await say("manager", "[[say:warm]]")
    const turn = client.responses.create({ model: "manager", input: "[[shell:sleep 60]]" })
    const failure = turn.catch((error: unknown) => error)
    await waitFor(() => statusOf("manager")?.runningTurns === 1, { what: "the turn to run" })
    const pid = statusOf("manager")?.pid ?? -1
    const stopped = await roster.stop("manager")
    expect([stopped.state, stopped.pid, isRunning(pid)]).toEqual(["stopped", null, false])
    expect(await failure).toMatchObject({ code: "agent_stopped" })
    const refused = {
      status: 400,
      code: "agent_not_ready",
      message: expect.stringContaining("start manager"),
    }
    expect(await say("manager", "[[say:x]]").catch((error: unknown) => error)).toMatchObject(refused)
    await restart()
    expect(await say("manager", "[[say:x]]").catch((error: unknown) => error)).toMatchObject(refused)
    await service?.roster.start("manager")
    expect(await say("manager", "[[say:again]]")).toBe("manager: again")
  })

  it("are started again when their process is killed, with the reason in their status, and their threads go on", async () => {
    const { client, roster } = await start()
    // How long a start takes on this machine now: on a quiet one far less than a second.
    const startedAt = performance.now()
    await roster.hire({ role: "engineer", name: "alice" })
    const startMs = performance.now() - startedAt
    const first = await client.responses.create({ model: "manager", input: "The word is plum. [[say:ok]]" })
    const pid = statusOf("manager")?.pid ?? -1
    const running = client.responses
      .create({ model: "manager", input: "[[shell:sleep 63]]" })
      .catch((error: unknown) => error)
    const command = await waitFor(
      () => descendantsOf(pid).find(({ commandLine }) => commandLine === "sleep 63"),
      { what: "a turn's command to run" },
    )
    process.kill(pid, "SIGKILL")
    await waitFor(() => ![null, undefined, pid].includes(statusOf("manager")?.pid), {
      what: "another process of the manager",
      timeoutMs: Math.max(3_000, 1_000 + 3 * startMs),
    })
    expect(await running).toMatchObject({
      status: 400,
      code: "backend_died",
      message: expect.stringContaining("SIGKILL"),
    })
    await waitFor(() => !isRunning(command.pid), { what: "its command to end" })
    expect(statusOf("manager")).toMatchObject({
      restarts: 1,
      lastExit: { reason: expect.stringContaining("SIGKILL") },
    })
    const next = await client.responses.create({
      model: "manager",
      input: "[[say:back]]",
      previous_response_id: first.id,
    })
    expect(next.output_text).toBe("back")
    expect(JSON.stringify(service?.model.requests.at(-1)?.body)).toContain("The word is plum.")
  })

  it("follow their control file, and keep their last good state while it is broken", async () => {
    const { roster, model } = await start()
    await roster.hire({ role: "engineer", name: "alice" })
    const { pid } = statusOf("engineer_alice") ?? {}
    editControl("engineer_alice", { model: "gpt-5.5" })
    await waitFor(
      () => statusOf("engineer_alice")?.pid !== pid && statusOf("engineer_alice")?.readiness.isReady,
      {
        what: "alice with another model",
      },
    )
    await say("alice", "[[say:x]]")
    expect(model.requests.at(-1)?.body).toMatchObject({ model: "gpt-5.5" })

    writeFileSync(controlOf("engineer_alice"), '{\n"role": engineer\n}')
    await waitFor(() => statusOf("engineer_alice")?.controlProblem, { what: "the broken file to be seen" })
    expect(statusOf("engineer_alice")?.controlProblem).toBe(
      `${controlOf("engineer_alice")}:2 is not valid JSON`,
    )
    expect(await say("alice", "[[say:still here]]")).toBe("engineer_alice: still here")
    await expect(roster.stop("engineer_alice")).rejects.toMatchObject({ code: "agent_control_invalid" })
  })

  it("are replaced only when their running turns are done, and later requests wait for that", async () => {
    const { client } = await start()
    const running = client.responses.create({ model: "manager", input: "[[shell:sleep 2]][[say:done]]" })
    await waitFor(() => statusOf("manager")?.runningTurns === 1, { what: "the turn to run" })
    const { pid } = statusOf("manager") ?? {}
    editControl("manager", { model: "gpt-5.5" })
    expect((await running).output_text).toBe("done")
    await waitFor(() => statusOf("manager")?.pid !== pid, { what: "another process" })
    expect(await say("manager", "[[say:new]]")).toBe("manager: new")
  })

  it("lose nothing when they are fired: the workspace goes into the archive", async () => {
    const { roster, home } = await start()
    await roster.hire({ role: "engineer", name: "alice" })
    writeFileSync(join(home, "engineer_alice", "memory", "memory.md"), "Plums.")
    const { archive } = await roster.fire("engineer_alice")
    expect(readFileSync(join(archive, "memory", "memory.md"), "utf8")).toBe("Plums.")
    expect(roster.list().map(({ id }) => id)).toEqual(["manager"])
    await expect(roster.fire("engineer_alice")).rejects.toMatchObject({ code: "agent_not_found" })
    await expect(roster.fire("manager")).rejects.toMatchObject({ code: "invalid_request" })
  })

  it("appear and go with their folders, whoever makes or removes them", async () => {
    const { roster, home } = await start()
    await roster.hire({ role: "engineer", name: "alice" })
    await rm(join(home, "engineer_alice"), { recursive: true, force: true, maxRetries: 5 })
    await waitFor(() => statusOf("engineer_alice") === undefined, { what: "alice to be gone" })
  })

  it("may each have another CLI", async () => {
    const { roster } = await start({ cli: codexExecutable() })
    const { agent } = await roster.hire({ role: "engineer", name: "eve", settings: { cli: "no-such-cli" } })
    expect(agent.readiness).toMatchObject({ isReady: false, reason: expect.stringContaining("no-such-cli") })
    expect(await say("manager", "[[say:well]]")).toBe("manager: well")
    expect(await say("eve", "[[say:x]]").catch((error: unknown) => error)).toMatchObject({
      status: 400,
      code: "agent_not_ready",
    })
  })
})

describe("the settings of an agent", () => {
  it("are its own: model, effort, working directory", async () => {
    const { roster, home, model } = await start()
    const place = join(home, "..", "place")
    const settings = { model: "gpt-5.5", effort: "low", workingDir: place } as const
    await roster.hire({ role: "engineer", name: "alice", settings })
    await say("alice", "[[say:x]]")
    const hers = model.requests.at(-1)?.body
    expect(hers).toMatchObject({ model: "gpt-5.5", reasoning: { effort: "low" } })
    expect(JSON.stringify(hers)).toContain(`Your working directory is ${place}`)
    await say("manager", "[[say:x]]")
    const others = model.requests.at(-1)?.body
    expect(others).not.toMatchObject({ model: "gpt-5.5" })
    expect(JSON.stringify(others)).toContain(`Your working directory is ${join(home, "..", "work")}`)
  })
})

describe("the environment of an agent", () => {
  it("has the variables that its control file names, and another agent has not", async () => {
    const { roster, client } = await start({ env: { ONLY_ALICES: "plum" } })
    await roster.hire({ role: "engineer", name: "alice", settings: { env: ["ONLY_ALICES"] } })
    const outputOf = async (model: string): Promise<string> => {
      const response = await client.responses.create({ model, input: "[[shell:env]][[say:ok]]" })
      return JSON.stringify(response.output.find((item) => item.type === "mcp_call"))
    }
    expect(await outputOf("alice")).toContain("ONLY_ALICES=plum")
    expect(await outputOf("manager")).not.toContain("ONLY_ALICES")
  })
})

describe("the permissions of an agent", () => {
  it("keep the commands of codex from writing", async () => {
    const { roster, home } = await start()
    const settings = { permissions: "read-only" } as const
    await roster.hire({ role: "reviewer", name: "rita", settings })
    const file = join(home, "reviewer_rita", "written")
    await say("rita", `[[shell:touch ${file}]][[say:tried]]`)
    expect(existsSync(file)).toBe(false)
  })

  it("let them write in the agent's folder, its working directory and temporary folders only", async () => {
    const { roster, home } = await start()
    const place = join(home, "..", "place")
    const settings = { permissions: "workspace", workingDir: place } as const
    await roster.hire({ role: "engineer", name: "alice", settings })
    // Not in the folder for temporary files, which is anybody's.
    // A checkout may be in a temporary folder itself; this one is none of those that a CLI has for its own.
    const outside = `/var/tmp/.written-by-${process.pid}`
    const files = [join(home, "engineer_alice", "in"), join(place, "in"), outside]
    await say("alice", `${files.map((file) => `[[shell:touch ${file}]]`).join("[[then]]")}[[say:tried]]`)
    const written = files.map((file) => existsSync(file))
    await rm(outside, { force: true })
    expect(written).toEqual([true, true, false])
  })

  it("are not the agent's own to change: what it does leaves its control file alone, a person's edit takes effect", async () => {
    const running = await start({ modelName: "gpt-5.5" })
    const settings = { permissions: "workspace" } as const
    await running.roster.hire({ role: "engineer", name: "alice", settings })
    const folder = join(running.home, "engineer_alice")
    const before = readFileSync(controlOf("engineer_alice"), "utf8")
    const commands = [
      "sed -i s/workspace/full/ control/agent.json",
      "echo x > control/agent.json",
      // With -f codex does not even run it.
      "rm control/agent.json",
      "mv control gone",
      "touch control/new",
      "touch made",
    ]
    const attempts = [
      `[[shell:${commands.join("; ")}]]`,
      "[[edit:control/edited|x]]",
      "[[edit:edited|x]][[say:tried]]",
    ].join("[[then]]")
    const attempt = async (previous: string | null): Promise<string> => {
      const response = await running.client.responses.create({
        model: "alice",
        input: attempts,
        previous_response_id: previous,
      })
      expect(response.output_text).toBe("tried")
      expect(readFileSync(controlOf("engineer_alice"), "utf8")).toBe(before)
      // The service itself keeps a list of what runs there, too.
      const names = readdirSync(join(folder, "control"))
      expect(names.filter((name) => ["new", "edited"].includes(name))).toEqual([])
      for (const file of ["made", "edited"]) await rm(join(folder, file))
      return response.id
    }
    const first = await attempt(null)
    // In a thread that codex loads again, and in a branch of it.
    await running.restart()
    await attempt(first)
    await attempt(first)
    editControl("engineer_alice", { permissions: "full" })
    await waitFor(
      async () => {
        await say("alice", "[[shell:touch control/new]][[say:tried]]")
        return existsSync(join(folder, "control", "new"))
      },
      { what: "the edited permissions to take effect", timeoutMs: 60_000 },
    )
  }, 120_000)

  it("are not given for a working directory that holds the control files of others", async () => {
    const { roster, home } = await start()
    for (const [name, workingDir] of [
      ["alice", join(home, "..")],
      ["bob", join(home, "manager")],
    ] as const) {
      const settings = { permissions: "workspace", workingDir } as const
      const { agent } = await roster.hire({ role: "engineer", name, settings })
      expect(agent).toMatchObject({
        state: "running",
        readiness: {
          isReady: false,
          detail: expect.stringContaining("is in the home of the service, or holds it"),
        },
      })
    }
  })

  it("are passed on to those whom an agent hires", async () => {
    const { roster, home } = await start()
    await roster.hire({ role: "reviewer", name: "rita", settings: { permissions: "read-only" } })
    await roster.hire({ role: "engineer", name: "carl", hiredBy: "reviewer_rita" })
    const control = readFileSync(join(home, "engineer_carl", "control", "agent.json"), "utf8")
    expect(JSON.parse(control)).toMatchObject({ permissions: "read-only" })
  })

  it("are not claimed of a program that cannot be kept to them", async () => {
    const { roster } = await start()
    const settings = { permissions: "read-only", cli: agentPath("plain-agent.sh") } as const
    const { agent } = await roster.hire({ role: "reviewer", name: "rita", settings })
    expect(agent.readiness).toMatchObject({ isReady: false, reason: expect.stringContaining("'read-only'") })
  })
})

describe("two agents with eight conversations at once", () => {
  it("never mix them up, and keep their files apart", async () => {
    const { roster, client, home, model } = await start()
    await roster.hire({ role: "engineer", name: "alice" })
    const talks = Array.from({ length: 8 }, (_, index) => ({
      agent: index % 2 === 0 ? "manager" : "engineer_alice",
      word: `secret${index}word`,
    }))
    const lastIds = await Promise.all(
      talks.map(async ({ agent, word }) => {
        let previous: string | null = null
        for (const step of [
          `Keep ${word}. [[shell:echo ${word} > ${word}.txt]][[say:${word}]]`,
          `[[say:${word} again]]`,
        ]) {
          const response: OpenAI.Responses.Response = await client.responses.create({
            model: agent,
            input: step,
            previous_response_id: previous,
          })
          expect([response.model, response.output_text.split(" ")[0]]).toEqual([agent, word])
          previous = response.id
        }
        return previous
      }),
    )
    expect(new Set(lastIds).size).toBe(8)
    for (const { word } of talks) {
      // The second request of a talk holds its own first message as a message, and nobody else's.
      const own = model.requests.filter(({ body }) => JSON.stringify(inputOf(body)).includes(`${word} again`))
      expect(own.length).toBeGreaterThan(0)
      for (const { body } of own) {
        const others = talks.filter(
          (talk) => talk.word !== word && JSON.stringify(inputOf(body)).includes(talk.word),
        )
        expect(others).toEqual([])
      }
    }
    for (const { agent, word } of talks) {
      const other = agent === "manager" ? "engineer_alice" : "manager"
      expect(existsSync(join(home, agent, `${word}.txt`))).toBe(true)
      expect(existsSync(join(home, other, `${word}.txt`))).toBe(false)
    }
  })
})

/** What the model was told of the talk itself: not the instructions, which hold the agent's shared notes. */
function inputOf(body: unknown): unknown[] {
  const { input } = body as { input: { role?: string }[] }
  return input.filter(({ role }) => role !== "developer" && role !== "system")
}
