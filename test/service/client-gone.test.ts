import type OpenAI from "openai"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { descendantsOf } from "../support/processes.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService

beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.stop())

const chatOf = (content: string) => ({
  model: "manager",
  messages: [{ role: "user" as const, content }],
})

function sleepers(): number {
  return descendantsOf(process.pid).filter((entry) => /^sleep 6\d$/.test(entry.commandLine)).length
}

describe("a client that goes away", () => {
  it("in the middle of a text has its turn interrupted, and the conversation goes on", async () => {
    const abort = new AbortController()
    const stream = await service.client.responses.create(
      { model: "manager", input: "[[slow:600]]", stream: true },
      { signal: abort.signal },
    )
    let id = ""
    for await (const event of stream) {
      if (event.type === "response.created") id = event.response.id
      if (event.type === "response.output_text.delta") break
    }
    abort.abort()
    const response = await waitFor(
      async () => {
        const found = await service.client.responses.retrieve(id)
        return found.status === "cancelled" ? found : null
      },
      { what: "the response to be cancelled", timeoutMs: 2000 },
    )
    expect(response.output_text).toMatch(/^1 /)
    const next = await service.client.responses.create({
      model: "manager",
      previous_response_id: id,
      input: "[[say:still here]]",
    })
    expect(next.output_text).toBe("still here")
  })

  it.each<[string, (client: OpenAI, input: string, signal: AbortSignal) => Promise<unknown>]>([
    [
      "Responses whole",
      (client, input, signal) => client.responses.create({ model: "manager", input }, { signal }),
    ],
    ["chat whole", (client, input, signal) => client.chat.completions.create(chatOf(input), { signal })],
    [
      "chat streamed",
      (client, input, signal) => client.chat.completions.stream(chatOf(input), { signal }).finalContent(),
    ],
  ])("in the middle of a text of %s has its turn interrupted, too", async (way, ask) => {
    const client = service.clientWith({ headers: { "X-Session-Id": way } })
    service.model.clearRequests()
    const abort = new AbortController()
    const settled = ask(client, "[[slow:600]]", abort.signal).catch((error: unknown) => error)
    await waitFor(() => service.model.requests.length === 1, { what: "the turn to run" })
    abort.abort()
    await settled
    const next = await client.responses.create({ model: "manager", input: "[[say:still here]]" })
    expect(next.output_text).toBe("still here")
    // The next turn waits for the end of this one: had it gone on, all of its text would be known.
    expect(service.model.requests).toHaveLength(2)
    expect(JSON.stringify(service.model.requests.at(-1)?.body)).not.toMatch(/ 599 600\b/)
  })

  it.each([true, false])("while a shell command runs (stream: %s) has the command ended", async (stream) => {
    const abort = new AbortController()
    const answer = service.client.chat.completions.create(
      { model: "manager", messages: [{ role: "user", content: "[[shell:sleep 61]]" }], stream },
      { signal: abort.signal },
    )
    const settled = answer.catch((error: unknown) => error)
    await waitFor(() => sleepers() === 1, { what: "the command to run" })
    abort.abort()
    await settled
    await waitFor(() => sleepers() === 0, { what: "the command to end", timeoutMs: 2000 })
  })

  it("while its turn waits in the queue takes it out, streamed or not, and the one behind it runs", async () => {
    // The same session, so all three take turns on one thread.
    const client = service.clientWith({ headers: { "X-Session-Id": "queue" } })
    service.model.clearRequests()
    const running = await client.responses.create({
      model: "manager",
      input: "[[slow:600]]",
      background: true,
    })
    await waitFor(() => service.model.requests.length === 1, { what: "the first turn to run" })
    const abort = new AbortController()
    const dropped = await client.responses.create(
      { model: "manager", input: "[[say:never]]", stream: true },
      { signal: abort.signal },
    )
    // Leaving a loop would hang up.
    const { value: created } = await dropped[Symbol.asyncIterator]().next()
    if (created?.type !== "response.created") throw new Error("the stream has not begun")
    const { id } = created.response
    const whole = client.chat.completions.create(chatOf("[[say:never]]"), { signal: abort.signal })
    const settled = whole.catch((error: unknown) => error)
    const queued = () => service.roster.list().find((agent) => agent.id === "manager")?.queuedTurns
    await waitFor(() => queued() === 2, { what: "both to wait" })
    abort.abort()
    await settled
    // A client may come back for a moment: until then its turn is only about to be taken out.
    await waitFor(() => queued() === 0, { what: "both to be taken out" })
    const behind = client.responses.create({ model: "manager", input: "[[say:runs]]" })
    await client.responses.cancel(running.id)
    expect((await behind).output_text).toBe("runs")
    expect(await service.client.responses.retrieve(id)).toMatchObject({ status: "cancelled", output: [] })
    expect(service.model.requests).toHaveLength(2)
    expect(JSON.stringify(service.model.requests)).not.toContain("say:never")
  })

  it("may ask for its turn to go on", async () => {
    const abort = new AbortController()
    const stream = await service.client.responses.create(
      { model: "manager", input: "[[slow:5:100]]", stream: true },
      { signal: abort.signal, headers: { "X-On-Disconnect": "continue" } },
    )
    let id = ""
    for await (const event of stream) {
      if (event.type === "response.created") id = event.response.id
      if (event.type === "response.output_text.delta") break
    }
    abort.abort()
    const response = await waitFor(
      async () => {
        const found = await service.client.responses.retrieve(id)
        return found.status === "in_progress" ? null : found
      },
      { what: "the response to end" },
    )
    expect(response).toMatchObject({ status: "completed", output_text: "1 2 3 4 5" })
  })
})
