import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { acpClis, otherAcp } from "../../src/backends/acp/clis.ts"
import { openCodeTrouble } from "../../src/backends/acp/errors.ts"
import { ThreadLostError } from "../../src/domain/errors.ts"
import { textOf } from "../../src/domain/items.ts"
import { isRunning, pidFrom } from "../support/processes.ts"
import { waitFor } from "../support/wait-for.ts"
import { type AcpFixture, createAcpFixture } from "./acp-fixture.ts"
import { inputOf, noOptions, runTurn } from "./turn-recording.ts"

const fixtures: AcpFixture[] = []

afterEach(async () => {
  for (const fixture of fixtures.splice(0)) await fixture.remove()
})

async function prepare(...options: Parameters<typeof createAcpFixture>): Promise<AcpFixture> {
  const fixture = await createAcpFixture(...options)
  fixtures.push(fixture)
  return fixture
}

describe("an agent of the Agent Client Protocol that misbehaves", () => {
  it("fails the turn in whose middle it dies, and starts again for the next", async () => {
    const { backend, pids } = await prepare()
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "[[say:before]]")
    const died = await runTurn(backend, thread, "die")
    expect(died.last).toMatchObject({ type: "turn.failed", error: { code: "backend_died" } })
    expect((await runTurn(backend, thread, "[[say:again]]")).answer).toBe("again")
    expect(pids).toHaveLength(2)
  })

  it("leaves no command behind when it dies", async () => {
    const { backend, workspace, crash } = await prepare()
    const thread = await backend.openThread(noOptions)
    const pidFile = join(workspace, "left.pid")
    const turn = runTurn(backend, thread, `[[shell:echo $$ > ${pidFile}; exec sleep 300]]`)
    const pid = await waitFor(() => pidFrom(pidFile), { what: "the command to start" })
    await crash()
    expect((await turn).last).toMatchObject({ error: { code: "backend_died" } })
    await backend.stop()
    await waitFor(() => !isRunning(pid), { what: "the command to be ended" })
  })

  it("ends an interrupted turn that it does not end, and is replaced; the thread is lost", async () => {
    const { backend, pids } = await prepare({ timeouts: { interruptMs: 300 } })
    const thread = await backend.openThread(noOptions)
    const turn = await runTurn(backend, thread, "ignore-cancel", (event, running) => {
      if (event.type === "item.delta") void running.interrupt()
    })
    expect(turn.last.type).toBe("turn.interrupted")
    const [pid = 0] = pids
    await waitFor(() => !isRunning(pid), { what: "the old process to be gone" })
    const other = await backend.openThread(noOptions)
    expect((await runTurn(backend, other, "[[say:new]]")).answer).toBe("new")
  })

  it("takes any end after an interrupt for the interrupt, with what came before it", async () => {
    const { backend } = await prepare()
    const thread = await backend.openThread(noOptions)
    const turn = await runTurn(backend, thread, "late-cancel", (event, running) => {
      if (event.type === "item.delta") void running.interrupt()
    })
    expect(turn.last.type).toBe("turn.interrupted")
    expect(turn.answer).toBe("I stop later. Now.")
  })

  it("may write lines that are no messages, and messages of the future", async () => {
    const { backend } = await prepare({}, { FAULT: "notice" })
    const turn = await runTurn(backend, await backend.openThread(noOptions), "garbage")
    expect(turn.last.type).toBe("turn.completed")
    expect(turn.answer).toBe("all the same")
  })

  it("may write bytes that are not UTF-8", async () => {
    const { backend } = await prepare()
    const turn = await runTurn(backend, await backend.openThread(noOptions), "bytes")
    expect(turn.answer).toBe("a\ufffd\ufffdz")
  })

  it("may answer at length", async () => {
    const { backend } = await prepare()
    const turn = await runTurn(backend, await backend.openThread(noOptions), "[[deltas:20000]]")
    expect(turn.answer.trim().split(" ")).toHaveLength(20_000)
  })

  it("takes a prompt of a million characters", async () => {
    const { backend, prompts } = await prepare()
    const text = `[[say:read]] ${"x".repeat(1_000_000)}`
    const turn = await runTurn(backend, await backend.openThread(noOptions), text)
    expect(turn.answer).toBe("read")
    expect(prompts().at(-1)).toBe(text)
  })

  it.each([
    ["Error: 400 the model says no", "model_refused", 400, "400 the model says no"],
    [
      "Error: Authentication failed with provider (HTTP 401).",
      "agent_not_ready",
      401,
      "Log in with the program itself",
    ],
    ["Error: the model server cannot be reached", "model_error", null, "cannot be reached"],
  ])("fails a turn whose answer is the error %j", async (text, code, status, words) => {
    const { backend } = await prepare()
    const turn = await runTurn(backend, await backend.openThread(noOptions), `error-as-answer ${text}`)
    expect(turn.last).toMatchObject({
      type: "turn.failed",
      error: { code, modelStatus: status, message: expect.stringContaining(words) },
    })
    expect(turn.items).toEqual([])
  })

  it("may mix its own remarks with the words of the model, and an error with a cut answer", async () => {
    const { backend } = await prepare({ cli: { ...otherAcp, saysInfos: true } })
    const turn = await runTurn(backend, await backend.openThread(noOptions), "cut")
    expect(turn.last).toMatchObject({
      type: "turn.failed",
      error: { code: "model_error", modelStatus: 500, message: expect.stringContaining("no luck") },
    })
    expect(turn.events).toContainEqual(expect.objectContaining({ type: "notice", tells: "trouble" }))
    const texts = turn.items.map((item) => (item.type === "message" ? textOf(item.content) : item.type))
    // What broke off and was asked for again is told, and taken back.
    expect(turn.events).toContainEqual({ type: "item.withdrawn", itemId: expect.any(String) })
    expect(texts).toEqual(["Half"])
  })

  it("may tell on its stderr that it tries a request again: a word of trouble, in whose middle it can be stopped", async () => {
    const { backend } = await prepare({ cli: { ...otherAcp, troubleIn: openCodeTrouble } })
    const thread = await backend.openThread(noOptions)
    const turn = await runTurn(backend, thread, "trouble Rate limit reached", (event, running) => {
      if (event.type === "notice") void running.interrupt()
    })
    expect(turn.events.filter((event) => event.type === "notice")).toEqual([
      {
        type: "notice",
        message: "opencode cannot get at its model (Rate limit reached) and tries again",
        tells: "trouble",
        error: { code: "rate_limit_exceeded", message: "Rate limit reached", modelStatus: 429 },
      },
    ])
    expect(turn.last.type).toBe("turn.interrupted")
    expect((await runTurn(backend, thread, "[[say:again]]")).answer).toBe("again")
  })

  it("may replay a history after it has said that it is loaded: nothing of it gets into the next answer", async () => {
    const { backend, crash } = await prepare({}, { FAULT: "late-replay" })
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "[[say:before]]")
    await crash()
    await backend.resumeThread(thread, noOptions)
    expect((await runTurn(backend, thread, "[[say:after]]")).streamed).toBe("after")
  })

  it.each([
    [{ joinsUnanswered: true } as const, "thread_lost"],
    [{}, undefined],
  ])(
    "may keep a prompt that it was killed over (%j): the thread is lost where it would be asked again",
    async (cli, code) => {
      const { backend, crash } = await prepare({ cli: { ...otherAcp, ...cli } }, { FAULT: "unanswered" })
      const thread = await backend.openThread(noOptions)
      await runTurn(backend, thread, "[[say:before]]")
      await crash()
      const lost = await backend.resumeThread(thread, noOptions).catch((error: unknown) => error)
      expect(lost instanceof ThreadLostError ? lost.code : lost).toBe(code)
    },
  )

  it("may begin an answer with the word Error", async () => {
    const { backend } = await prepare()
    const text = "Error: is what the log says."
    const turn = await runTurn(backend, await backend.openThread(noOptions), `[[say:${text}]]`)
    expect(turn.last.type).toBe("turn.completed")
    expect(turn.answer).toBe(text)
    expect(turn.streamed).toBe(text)
  })

  it.each([
    ["no-answer", "model_error", "without an answer"],
    ["stop refusal", "model_error", "scripted"],
    ["stop max_turn_requests", "backend_error", "limit of model requests"],
    ["stop cancelled", "backend_error", "cancelled the turn by itself"],
  ])("fails a turn that ends with %j", async (words, code, message) => {
    const { backend } = await prepare({ cli: { ...otherAcp, kind: "scripted" } })
    const prompt = words === "stop refusal" ? "no-answer" : words
    const { last } = await runTurn(backend, await backend.openThread(noOptions), prompt)
    expect(last).toMatchObject({
      type: "turn.failed",
      error: { code, message: expect.stringContaining(message) },
    })
  })

  it("tells the instructions and the history once more after a first prompt that failed", async () => {
    const { backend, prompts } = await prepare()
    const thread = await backend.openThread({ ...noOptions, instructions: "Be brief." })
    await runTurn(backend, thread, "[[status:500]]")
    await runTurn(backend, thread, "[[say:ok]]")
    await runTurn(backend, thread, "[[say:fine]]")
    expect(prompts().map((text) => text.includes("Be brief."))).toEqual([true, true, false])
  })
})

describe("an agent of the Agent Client Protocol that is not ready", () => {
  it("is not installed", async () => {
    const { backend } = await prepare({ executable: "no-such-agent" })
    expect(await backend.readiness()).toMatchObject({
      isReady: false,
      reason: expect.stringContaining("`no-such-agent` is not on the PATH"),
    })
  })

  it("is not logged in, until it is", async () => {
    const { backend, sessions } = await prepare({}, { FAULT: "log-in" })
    expect(await backend.readiness()).toEqual({
      isReady: false,
      reason: "acp is not logged in",
      nextStep: otherAcp.loginStep,
      detail: null,
    })
    await expect(backend.openThread(noOptions)).rejects.toMatchObject({ code: "agent_not_ready" })
    writeFileSync(join(sessions, "logged-in"), "")
    expect(await backend.readiness()).toEqual({ isReady: true })
  })

  it("is too old to know the protocol, which is told in the same words while it is not tried again", async () => {
    const { backend } = await prepare({}, { FAULT: "old" })
    const first = await backend.readiness()
    expect(first).toMatchObject({
      isReady: false,
      reason: expect.stringContaining("too old"),
      detail: expect.stringContaining("unknown option"),
    })
    for (let again = 0; again < 3; again += 1) expect(await backend.readiness()).toEqual(first)
  })

  it("speaks another version of the protocol", async () => {
    const { backend } = await prepare({}, { FAULT: "version" })
    expect(await backend.readiness()).toMatchObject({
      isReady: false,
      detail: expect.stringContaining("version 7"),
    })
  })

  it("waits for an answer to its update notice, which is quoted", async () => {
    const { backend, pids } = await prepare({ timeouts: { handshakeMs: 5_000 } }, { FAULT: "question" })
    expect(await backend.readiness()).toMatchObject({
      isReady: false,
      detail: expect.stringContaining("Update now? [Y/n]"),
      nextStep: expect.stringContaining("terminal"),
    })
    expect(pids).toEqual([])
  })

  it("cannot load sessions: threads of an earlier process are lost, which the engine mends", async () => {
    const { backend, crash } = await prepare({}, { FAULT: "no-load" })
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "[[say:x]]")
    await crash()
    await expect(backend.resumeThread(thread, noOptions)).rejects.toMatchObject({ code: "thread_lost" })
  })
})

describe("how far an agent of the Agent Client Protocol may go", () => {
  it.each([
    ["full", "/tmp", true],
    ["workspace", "workspace", true],
    ["workspace", "/tmp", false],
    ["read-only", "workspace", false],
  ] as const)("with %s permissions it asks to write in %s: %s", async (permissions, folder, isAllowed) => {
    const { backend, workspace } = await prepare({ permissions })
    const name = `acp-permission-${process.pid}-${permissions}`
    const file = join(folder === "workspace" ? workspace : join(workspace, "..", "."), name)
    const turn = await runTurn(backend, await backend.openThread(noOptions), `[[edit:${file}|text]]`)
    expect(turn.last.type).toBe("turn.completed")
    expect(existsSync(file)).toBe(isAllowed)
    expect(turn.items[0]).toMatchObject(
      isAllowed
        ? { type: "file_change", changes: [{ path: file, kind: "add", diff: "text" }], status: "completed" }
        : { type: "file_change", status: "failed" },
    )
  })

  it("a thread that is to change nothing may not write, whatever the agent may", async () => {
    const { backend, workspace } = await prepare()
    const thread = await backend.openThread({ ...noOptions, reach: "only-reads" })
    const file = join(workspace, "side")
    await runTurn(backend, thread, `[[edit:${file}|text]]`)
    expect(existsSync(file)).toBe(false)
  })

  it("a thread that only answers is refused where nothing tells the program so", async () => {
    const { backend } = await prepare()
    const opened = backend.openThread({ ...noOptions, reach: "only-answers" })
    await expect(opened).rejects.toMatchObject({
      code: "invalid_request",
      message: /cannot be kept from acting/,
    })
  })
})

describe("the process of an agent of the Agent Client Protocol", () => {
  it("is no death where the agent is stopped", async () => {
    const { backend, events } = await prepare()
    await runTurn(backend, await backend.openThread(noOptions), "[[say:hello]]")
    await backend.stop()
    expect(events.at(-1)).toMatchObject({ type: "process.exited", isExpected: true })
  })

  it("is ended when nothing runs in it for long, and started again by the next turn, which knows the thread", async () => {
    const { backend, events, pids, prompts } = await prepare({ timeouts: { idleMs: 200 } })
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "[[slow:3:150]]")
    const [pid = 0] = pids
    await waitFor(() => !isRunning(pid), { what: "the idle process to be gone" })
    // Not a death that `status` would tell.
    await waitFor(
      () => events.some((event) => event.type === "process.exited" && event.isExpected === true),
      {
        what: "its expected end to be told",
      },
    )
    expect(await backend.readiness()).toEqual({ isReady: true })
    expect(pids).toHaveLength(1)
    expect((await runTurn(backend, thread, "[[history]]")).answer).toBe(
      JSON.stringify(["[[slow:3:150]]", "[[history]]"]),
    )
    expect(pids).toHaveLength(2)
    expect(prompts()).toHaveLength(2)
  })

  it("is not ended in the middle of a request, however long that takes", async () => {
    const { backend } = await prepare({ timeouts: { idleMs: 200 } }, { FAULT: "slow" })
    const thread = await backend.openThread(noOptions)
    expect((await runTurn(backend, thread, "[[say:x]]")).answer).toBe("x")
  })

  it("gets the model and the effort of a turn, and its own again", async () => {
    const { backend, read } = await prepare({ model: "large" })
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, inputOf("[[say:a]]", { effort: "high" }))
    await runTurn(backend, thread, "[[say:b]]")
    expect(read("options").trim().split("\n")).toEqual(["model=large", "effort=high", "effort=low"])
    expect((await backend.capabilities()).efforts).toEqual(["low", "high"])
  })

  it.each([
    ["small", false],
    ["qwen3-coder-plus", false],
    ["qwen3.5-plus(openai)", true],
    ["vendor/gpt-5.5", true],
  ])("takes pictures under the names whose models qwen shows them to (%s)", async (model, takes) => {
    const cli = { ...otherAcp, showsImages: acpClis.get("qwen")?.showsImages ?? (() => true) }
    const told = await prepare({ cli, model })
    await told.backend.readiness()
    expect((await told.backend.capabilities()).acceptsImages).toBe(takes)
  })

  it("takes pictures by the name that its own sessions tell, where the agent has none", async () => {
    const { backend } = await prepare({ cli: { ...otherAcp, showsImages: (model) => model === "small" } })
    await backend.readiness()
    expect((await backend.capabilities()).acceptsImages).toBe(true)
  })

  it("is told a conversation anew whose last turn it has forgotten, also after a restart of the service", async () => {
    for (const cli of [otherAcp, { ...otherAcp, forgetsCutTurns: true as const }]) {
      const { backend } = await prepare({ cli })
      const thread = await backend.openThread(noOptions)
      await runTurn(backend, thread, "[[say:one]]")
      const resuming = backend.resumeThread(thread, { ...noOptions, endsCut: true })
      if (cli === otherAcp) await resuming
      else await expect(resuming).rejects.toBeInstanceOf(ThreadLostError)
    }
  })

  it("has its own model and effort again in a loaded session that kept those of earlier turns", async () => {
    const { backend, read, crash } = await prepare({}, { FAULT: "keeps-options" })
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, inputOf("[[say:a]]", { model: "large", effort: "high" }))
    await crash()
    await backend.resumeThread(thread, noOptions)
    expect((await runTurn(backend, thread, "[[history]]")).answer).toContain("[[say:a]]")
    const set = read("options").trim().split("\n")
    expect(set).toEqual(["model=large", "effort=high", "model=small", "effort=low"])
  })

  it("is not run by a schema that it cannot be told", async () => {
    const { backend } = await prepare()
    const { last } = await runTurn(
      backend,
      await backend.openThread(noOptions),
      inputOf("[[say:a]]", { outputSchema: { type: "object" } }),
    )
    expect(last).toMatchObject({ type: "turn.failed", error: { code: "invalid_request" } })
  })
})
