import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Response } from "openai/resources/responses/responses"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { conversationOf, developerTextOf, toolOutputsOf } from "../model-server/request-readers.ts"
import type { RecordedRequest } from "../model-server/wire.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

const teamCallsOf = (response: Response) =>
  response.output.filter((item) => item.type === "mcp_call").filter((item) => item.server_label === "team")

/** A directive for the scripted model that asks another agent; what she is told may hold directives of its own. */
const ask = (agent: string, message: string, extra: object = {}): string =>
  `[[tool:ask_agent:${JSON.stringify({ agent, message, ...extra })}]]`

describe.each([
  { modelName: "scripted-1", mode: "an unknown model" },
  { modelName: "gpt-5.5", mode: "gpt-5.5" },
  { modelName: "gpt-6-sol", mode: "code mode" },
])("agents that ask each other with $mode", ({ modelName }) => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService({ modelName, limits: { teamDepth: 2, teamTasks: 2 } })
    for (const name of ["alice", "bob", "carol"]) await service.roster.hire({ role: "engineer", name })
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  const create = (input: string, extra: { previous_response_id?: string } = {}): Promise<Response> =>
    service.client.responses.create({ model: "manager", input, ...extra })
  const requestsOf = (id: string): readonly RecordedRequest[] =>
    service.model.requests.filter((request) => developerTextOf(request).includes(`You are \`${id}\``))
  const outputs = () =>
    service.model.requests
      .flatMap(toolOutputsOf)
      .map(({ text }) => text)
      .join("\n")
  const shownOf = (response: Response): Record<string, unknown> =>
    JSON.parse(teamCallsOf(response)[0]?.output ?? "{}") as Record<string, unknown>
  const runningOf = (id: string) => service.roster.list().find((agent) => agent.id === id)?.runningTurns

  it("get a real turn of the other: her thread, her workspace, her own model requests, and her usage in the item", async () => {
    const response = await create(
      `${ask("alice", "[[usage:11:0:7:0]][[shell:pwd; echo from-alice > mine.txt]][[say:the answer of alice]]")}[[say:manager is done]]`,
    )
    expect(response.output_text).toBe("manager is done")
    expect(outputs()).toContain("the answer of alice")
    expect(teamCallsOf(response)).toMatchObject([{ name: "ask_agent", status: "completed", error: null }])
    const shown = shownOf(response)
    expect(shown).toMatchObject({
      agent: "engineer_alice",
      status: "completed",
      answer: "the answer of alice",
      usage: { input_tokens: 22, output_tokens: 14 },
    })
    expect(response.output.some((item) => item.type === "function_call")).toBe(false)
    // Only the manager's own.
    expect(response.usage?.total_tokens).toBe(2 * 1290)

    const hers = requestsOf("engineer_alice")
    expect(hers).toHaveLength(2)
    expect(new Set(hers.map((request) => request.headers["thread-id"])).size).toBe(1)
    expect(readFileSync(join(service.home, "engineer_alice/mine.txt"), "utf8")).toBe("from-alice\n")
    const stored = await service.client.responses.retrieve(String(shown.response_id))
    expect(stored).toMatchObject({
      model: "engineer_alice",
      output_text: "the answer of alice",
      metadata: { asked_by: "manager", asked_in: response.id },
    })
    expect(JSON.stringify(stored.output)).toContain(join(service.home, "engineer_alice"))
  })

  it("know what they were asked before in the same conversation, and in no other", async () => {
    const first = await create(`${ask("alice", "The word is pear. [[say:noted]]")}[[say:1]]`)
    const again = await create(`${ask("alice", "[[history]]")}[[say:2]]`, { previous_response_id: first.id })
    expect(String(shownOf(again).answer)).toContain("The word is pear.")
    const other = await create(`${ask("alice", "[[history]]")}[[say:3]]`)
    expect(String(shownOf(other).answer)).not.toContain("pear")
  })

  it("are interrupted with the turn that asks", async () => {
    const abort = new AbortController()
    const asking = service.client.responses
      .create(
        { model: "manager", input: `${ask("alice", "[[shell:sleep 600]]")}[[say:never]]` },
        { signal: abort.signal },
      )
      .catch((error: unknown) => error)
    await waitFor(() => runningOf("engineer_alice") === 1, { what: "alice to work", timeoutMs: 30_000 })
    await waitFor(() => requestsOf("engineer_alice").length > 0, { what: "her model request" })
    abort.abort()
    await asking
    await waitFor(() => runningOf("engineer_alice") === 0 && runningOf("manager") === 0, {
      what: "both to end",
      timeoutMs: 30_000,
    })
  })

  it("may be given a task, whose answer is fetched in a later turn, also after a restart", async () => {
    const first = await create(`${ask("alice", "[[say:the result]]", { wait: false })}[[say:on its way]]`)
    expect(first.output_text).toBe("on its way")
    const taskId = String(shownOf(first).response_id)
    await waitFor(async () => (await service.client.responses.retrieve(taskId)).status === "completed", {
      what: "the task to end",
      timeoutMs: 30_000,
    })
    await service.restart()
    const task = `[[tool:task_result:${JSON.stringify({ task_id: taskId })}]]`
    const second = await create(`${task}[[say:got it]]`, { previous_response_id: first.id })
    expect(second.output_text).toBe("got it")
    expect(shownOf(second)).toMatchObject({ status: "completed", answer: "the result" })
  })

  it("are refused with a reason for the model: cycles, themselves, strangers, too deep, failures", async () => {
    const cycle = await create(`${ask("alice", ask("manager", "help"))}[[say:ok]]`)
    expect(cycle.output_text).toBe("ok")
    expect(outputs()).toMatch(
      /manager waits for this answer itself \(manager asks engineer_alice\).*would be a cycle/,
    )

    service.model.clearRequests()
    await create(`${ask("manager", "me")}[[say:ok]]`)
    expect(outputs()).toContain("You are manager: an agent cannot ask itself.")

    service.model.clearRequests()
    await create(`${ask("dave", "hello")}[[say:ok]]`)
    expect(outputs()).toContain(
      "There is no agent 'dave'. There are: engineer_alice, engineer_bob, engineer_carol.",
    )

    service.model.clearRequests()
    await create(`${ask("alice", ask("bob", ask("carol", "hello")))}[[say:ok]]`)
    expect(outputs()).toContain("3 agents ask each other in a row already, and 2 may.")

    service.model.clearRequests()
    const failing = await create(`${ask("alice", "[[failed:server_error]]")}[[say:she failed]]`)
    expect(failing.output_text).toBe("she failed")
    expect(teamCallsOf(failing)).toMatchObject([{ status: "failed" }])
    expect(outputs()).toContain("engineer_alice failed: ")
  })

  it("are refused when they are stopped, with what to do, and are asked again when they are back", async () => {
    await service.roster.stop("engineer_bob")
    const response = await create(`${ask("bob", "hello")}[[say:ok]]`)
    expect(response.output_text).toBe("ok")
    expect(outputs()).toMatch(/engineer_bob' is not running: it was stopped/)
    await service.roster.start("engineer_bob")
    const later = await create(`${ask("bob", "[[say:back]]")}[[say:ok]]`)
    expect(shownOf(later)).toMatchObject({ answer: "back" })
  })

  it("bound how many turns one of them has open with others", async () => {
    const file = join(service.home, `go-${modelName}`)
    const wait = `[[shell:while [ ! -e ${file} ]; do sleep 0.1; done]][[say:x]]`
    const three = [0, 1, 2].map(() => ask("carol", wait, { wait: false })).join("[[then]]")
    const response = await create(`${three}[[say:enough]]`)
    expect(teamCallsOf(response).map(({ status }) => status)).toEqual(["completed", "completed", "failed"])
    expect(outputs()).toContain("You have 2 turns open with other agents, which is the limit.")
    writeFileSync(file, "")
    await waitFor(() => runningOf("engineer_carol") === 0, { what: "carol to end", timeoutMs: 30_000 })
  })

  it("leave nothing where the conversation leaves nothing", async () => {
    const response = await service.client.responses.create({
      model: "manager",
      store: false,
      input: `${ask("alice", "[[say:gone]]")}[[then]]${ask("alice", "x", { wait: false })}[[say:ok]]`,
    })
    const [asked, refused] = teamCallsOf(response)
    const shown = JSON.parse(asked?.output ?? "{}") as Record<string, unknown>
    expect(shown.answer).toBe("gone")
    expect(JSON.stringify(refused)).toContain("no task can be left running")
    await expect(service.client.responses.retrieve(String(shown.response_id))).rejects.toMatchObject({
      status: 404,
    })
  })
})

describe("the manager", () => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService()
  })
  afterAll(() => service.stop())

  it("hires agents and asks them in the same turn; others cannot", async () => {
    const hire = `[[tool:hire_agent:{"role":"engineer","name":"alice"}]]`
    const response = await service.client.responses.create({
      model: "manager",
      input: `${hire}[[then]]${hire}[[then]]${ask("engineer_alice", "[[say:here]]")}[[say:ok]]`,
    })
    expect(response.output_text).toBe("ok")
    expect(teamCallsOf(response).slice(0, 2)).toMatchObject([
      { name: "hire_agent", output: "engineer_alice is hired and can be asked now." },
      { name: "hire_agent", output: "engineer_alice was hired before and can be asked now." },
    ])
    const hers = service.model.requests.filter((request) =>
      developerTextOf(request).includes("You are `engineer_alice`"),
    )
    expect(JSON.stringify(hers[0]?.body)).not.toContain("hire_agent")
  })

  it("gets the task's id when waiting takes too long, and comes back for the answer", async () => {
    await service.stop()
    service = await startTestService({ limits: { teamWaitMs: 300 } })
    await service.roster.hire({ role: "engineer", name: "alice" })
    const file = join(service.home, "go")
    const first = await service.client.responses.create({
      model: "manager",
      input: `${ask("alice", `[[shell:while [ ! -e ${file} ]; do sleep 0.1; done]][[say:late]]`)}[[say:later]]`,
    })
    const [call] = teamCallsOf(first)
    const { response_id: taskId, status } = JSON.parse(call?.output ?? "{}") as Record<string, unknown>
    expect([first.output_text, status]).toEqual(["later", "in_progress"])
    writeFileSync(file, "")
    await waitFor(
      async () => (await service.client.responses.retrieve(String(taskId))).status === "completed",
      { what: "alice to end", timeoutMs: 30_000 },
    )
    const second = await service.client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: `[[tool:task_result:${JSON.stringify({ task_id: taskId })}]][[say:got it]]`,
    })
    expect(JSON.parse(teamCallsOf(second)[0]?.output ?? "{}")).toMatchObject({ answer: "late" })
  })

  it("speaks on the way with the reply tool", async () => {
    const response = await service.client.responses.create({
      model: "manager",
      input: `[[tool:reply:{"text":"I am at it."}]][[say:done]]`,
    })
    expect(response.output.filter((item) => item.type === "message")).toMatchObject([
      { phase: "commentary", content: [{ text: "I am at it." }] },
      { content: [{ text: "done" }] },
    ])
    expect(conversationOf(service.model.requests.at(-1) ?? never()).length).toBeGreaterThan(0)
  })
})

function never(): never {
  throw new Error("the model was not asked")
}
