import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type OpenAI from "openai"
import { APIError } from "openai"
import { afterEach, describe, expect, it } from "vitest"
import { conversationOf } from "../model-server/request-readers.ts"
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

/** The user and the assistant by turns. */
const chatOf = (...texts: readonly string[]) => ({
  model: "manager",
  messages: texts.map((content, index) => ({
    role: index % 2 === 0 ? ("user" as const) : ("assistant" as const),
    content,
  })),
})

/** A response, and what it was asked; it has said `a`. */
interface Begun {
  readonly id: string
  readonly said: string
}
type Ask = (client: OpenAI, first: Begun, input: string) => Promise<string | null | undefined>

/** The next message of a conversation: by both endpoints, whole and then streamed. */
const asks: readonly Ask[] = [
  async (client, { id }, input) =>
    (await client.responses.create({ model: "manager", previous_response_id: id, input })).output_text,
  async (client, { said }, input) =>
    (await client.chat.completions.create(chatOf(said, "a", input))).choices[0]?.message.content,
  async (client, { id }, input) => {
    const stream = client.responses.stream({ model: "manager", previous_response_id: id, input })
    return (await stream.finalResponse()).output_text
  },
  (client, { said }, input) => client.chat.completions.stream(chatOf(said, "a", input)).finalContent(),
]

/** The app-server processes of the service, which runs in this process. */
function appServers(): number[] {
  return descendantsOf(process.pid)
    .filter((entry) => entry.commandLine.includes("app-server"))
    .map((entry) => entry.pid)
}

function stopAll(signal: NodeJS.Signals): number[] {
  const pids = appServers()
  for (const pid of pids) process.kill(pid, signal)
  return pids
}

describe("codex that dies in the middle of a turn", () => {
  it("ends the stream with response.failed within two seconds; the next turn goes on, nothing is left", async () => {
    const { client, model } = await start()
    const first = await client.responses.create({ model: "manager", input: "[[say:a]] one" })
    const chat = client.chat.completions.stream(chatOf("[[slow:600]] a chat"))
    const inChat = chat.finalContent()
    // Awaited below.
    inChat.catch(() => {})
    await chat.emitted("content")
    const stream = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: "[[slow:600]] two",
      stream: true,
    })
    let id = ""
    let killedAt = 0
    let pids: number[] = []
    const reading = (async () => {
      for await (const event of stream) {
        if (event.type === "response.created") id = event.response.id
        if (event.type === "response.output_text.delta" && killedAt === 0) {
          killedAt = performance.now()
          pids = stopAll("SIGKILL")
        }
      }
    })()
    // The client raises the error event of a failed turn.
    await expect(reading).rejects.toMatchObject({ code: "backend_died" })
    expect(performance.now() - killedAt).toBeLessThan(2000)
    expect(await client.responses.retrieve(id)).toMatchObject({
      status: "failed",
      error: {
        code: "invalid_prompt",
        message: expect.stringMatching(/codex.*\(backend_died, after the agent had acted\)/),
      },
    })
    await expect(inChat).rejects.toMatchObject({ code: "backend_died" })
    expect(pids.filter(isRunning)).toEqual([])
    model.clearRequests()
    const next = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: "[[say:b]] three",
    })
    expect(next.output_text).toBe("b")
    const texts = model.requests.map((request) => conversationOf(request).map((message) => message.text))
    expect(texts[0]?.slice(0, 2)).toEqual(["[[say:a]] one", "a"])
    expect(texts[0]?.at(-1)).toBe("[[say:b]] three")
  })

  it("is a 400 where nothing was sent yet and a command ran, also in chat, and the commands are gone", async () => {
    const { client } = await start()
    const answer = client.responses.create({ model: "manager", input: "[[shell:sleep 62]]" })
    const failure = answer.catch((error: unknown) => error)
    const inChat = client.chat.completions
      .create(chatOf("[[shell:sleep 63]]"))
      .catch((error: unknown) => error)
    const sleepers = () =>
      descendantsOf(process.pid).filter((entry) => /^sleep 6[23]$/.test(entry.commandLine)).length
    const isSleeping = () => sleepers() > 0
    await waitFor(() => sleepers() === 2, { what: "the commands to run" })
    stopAll("SIGKILL")
    expect(await failure).toMatchObject({ status: 400, code: "backend_died" })
    expect(await inChat).toMatchObject({ status: 400, code: "backend_died" })
    await waitFor(() => !isSleeping(), { what: "the commands to end", timeoutMs: 2000 })
  })

  it("and is stopped instead is ended by the silence deadline, in streams too, and replaced", async () => {
    const { client } = await start({ limits: { silenceMs: 4000 } })
    const first = await client.responses.create({ model: "manager", input: "[[say:a]] one" })
    const response = client.responses.stream({ model: "manager", input: "[[slow:600]] streamed" })
    const chat = client.chat.completions.stream(chatOf("[[slow:600]] a chat"))
    // Both fail while others are awaited.
    const streamed = [response.finalResponse(), chat.finalContent()].map((ending) =>
      ending.catch((error: unknown) => error),
    )
    await Promise.all([response.emitted("response.output_text.delta"), chat.emitted("content")])
    const stuck = stopAll("SIGSTOP")
    const failure = await client.responses
      .create({ model: "manager", previous_response_id: first.id, input: "[[say:never]]" })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 504, code: "turn_timeout" })
    for (const error of await Promise.all(streamed)) expect(error).toMatchObject({ code: "turn_timeout" })
    const next = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: "[[say:b]] two",
    })
    expect(next.output_text).toBe("b")
    await waitFor(() => stuck.every((pid) => !isRunning(pid)), { what: "the stopped process to be ended" })
  })
})

describe("codex that is stopped while a thread is to be opened", () => {
  it("costs a new conversation the silence deadline, and a stop of the service a few seconds", async () => {
    const { client } = await start({ limits: { silenceMs: 4000 } })
    await client.responses.create({ model: "manager", input: "[[say:up]]" })
    stopAll("SIGSTOP")
    const failure = await client.responses
      .create({ model: "manager", input: "[[say:never]]" })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 504, code: "turn_timeout" })
    await service?.stop()
    expect(appServers()).toEqual([])
  }, 40_000)
})

describe("half a character", () => {
  it("in a request harms neither its own turn nor any other", async () => {
    const { url, client, fetch } = await start()
    const other = client.responses.create({ model: "manager", input: "[[slow:10:100]]" })
    const body = '{"model":"manager","input":"[[say:fine]] a\\ud800b","instructions":"c\\udc00d"}'
    const reply = await fetch(`${url}/v1/responses`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    })
    expect(reply.status).toBe(200)
    expect(await reply.text()).toContain("fine")
    expect((await other).output_text).toBe("1 2 3 4 5 6 7 8 9 10")
  })
})

describe("a fault of the service itself", () => {
  it("says nothing of its inside to a client, and all of it to the log", async () => {
    const { client, home, logged } = await start()
    const ledger = new DatabaseSync(join(home, "state.db"))
    ledger.exec(
      "create trigger fault before update of native_ref on threads begin select raise(abort, 'inner secret'); end",
    )
    ledger.close()
    const stream = await client.responses.create({ model: "manager", input: "[[say:a]]", stream: true })
    let text = ""
    const reading = (async () => {
      for await (const event of stream) text += JSON.stringify(event)
    })()
    // The agent may have begun, and no item tells of it: told as final, with the words for it.
    const told = { code: "invalid_prompt", message: expect.stringContaining("could not be stored") }
    await expect(reading).rejects.toMatchObject(told)
    expect(text).not.toContain("inner secret")
    expect(JSON.stringify(logged)).toContain("inner secret")
  })

  it("that keeps an answer from being stored leaves it failed, not unfinished", async () => {
    const { client, home } = await start()
    const ledger = new DatabaseSync(join(home, "state.db"))
    ledger.exec(
      "create trigger fault before update on responses when new.status = 'completed' begin select raise(abort, 'x'); end",
    )
    ledger.close()
    const stream = await client.responses.create({ model: "manager", input: "[[say:a]]", stream: true })
    let id = ""
    const reading = (async () => {
      for await (const event of stream) if (event.type === "response.created") id = event.response.id
    })()
    const told = { code: "invalid_prompt", message: expect.stringContaining("could not be stored") }
    await expect(reading).rejects.toMatchObject(told)
    expect(await client.responses.retrieve(id)).toMatchObject({ status: "failed", error: told })
  })
})

describe("a model server that fails", () => {
  it.each([
    { script: "[[status:400]]", says: /400|bad request/i },
    { script: "[[status:401]]", says: /401|unauthorized/i },
    { script: "[[status:429]]", says: /429|rate|limit/i },
    { script: "[[status:500]]", says: /500|server|high demand/i },
    { script: "[[drop]]", says: /stream|disconnect|closed/i },
    { script: "[[silent]]", says: /progress|idle|timeout/i },
    { script: "[[hang]]", says: /progress|idle|timeout/i },
  ])(
    "with $script gives an error that says so, never an answer, by both endpoints, whole and streamed; the thread goes on",
    async ({ script, says }) => {
      const isSilent = /silent|hang/.test(script)
      const { client } = await start({ limits: { silenceMs: isSilent ? 3000 : 30_000 } })
      const begun: { ask: Ask; first: Begun }[] = []
      for (const [index, ask] of asks.entries()) {
        const said = `[[say:a]] ${index}`
        const { id } = await client.responses.create({ model: "manager", input: said })
        begun.push({ ask, first: { id, said } })
      }
      const failures = await Promise.all(
        begun.map(({ ask, first }) => ask(client, first, `${script} two`).catch((error: unknown) => error)),
      )
      for (const [index, failure] of failures.entries()) {
        if (!(failure instanceof APIError)) throw new Error(`${index} was answered: ${failure}`)
        expect(failure.message).toMatch(says)
        // The two that are not streamed.
        if (index > 1) continue
        expect(failure.status).toBeGreaterThanOrEqual(400)
      }
      for (const { ask, first } of begun) expect(await ask(client, first, "[[say:b]] three")).toBe("b")
    },
  )

  it("because it is down is named long before the silence deadline", async () => {
    const { client, model } = await start({ limits: { reconnectMs: 1500 } })
    await client.responses.create({ model: "manager", input: "[[say:up]]" })
    await model.close()
    const failure = await client.responses
      .create({ model: "manager", input: "[[say:never]]" })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({
      status: 502,
      code: "model_error",
      message: expect.stringMatching(/Reconnecting.*model server/),
    })
  })
})

describe("a long turn", () => {
  it("that works for longer than the silence deadline is not cut, and its stream stays alive", async () => {
    // Ten minutes of commands that are each longer than the silence deadline, made short.
    const { url, client, fetch } = await start({ limits: { silenceMs: 2500, keepAliveMs: 100 } })
    await client.responses.create({ model: "manager", input: "[[say:up]]" })
    const commands = Array(4).fill("[[shell:sleep 3]]").join("[[then]]")
    const post = (path: string, body: object) =>
      fetch(`${url}/v1/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "manager", stream: true, ...body }),
      })
    const inChat = post("chat/completions", chatOf(`${commands}[[say:finished in chat]]`)).then((answer) =>
      answer.text(),
    )
    const reply = await post("responses", { input: `${commands}[[say:finished]]` })
    let text = ""
    let longestSilenceMs = 0
    let lastAt = performance.now()
    for await (const chunk of reply.body ?? []) {
      text += new TextDecoder().decode(chunk)
      longestSilenceMs = Math.max(longestSilenceMs, performance.now() - lastAt)
      lastAt = performance.now()
    }
    expect(text).toContain('"text":"finished"')
    expect(text.match(/^event: keepalive$/gm)?.length).toBeGreaterThan(50)
    expect(text.match(/event: response\.mcp_call\.completed/g)).toHaveLength(4)
    expect(longestSilenceMs).toBeLessThan(2000)
    const chatText = await inChat
    expect(chatText.match(/"delta":\{\},.*"finish_reason":null/g)?.length).toBeGreaterThan(50)
    expect(chatText).toContain('"finish_reason":"stop"')
    expect(chatText).toMatch(/data: \[DONE\]\n\n$/)
    const id = /"id":"(resp_[0-9a-f]+)"/.exec(text)?.[1] ?? ""
    expect(await client.responses.retrieve(id)).toMatchObject({ status: "completed" })
  }, 40_000)
})

describe("a model that takes no more requests for now", () => {
  it("is a 429 that says when to come again, though codex does not tell what the model server said", async () => {
    const { client } = await start()
    const input = "[[refuse:rate-limit-soon]]"
    const messages = [{ role: "user" as const, content: input }]
    const refused = await Promise.all([
      client.responses.create({ model: "manager", input }).catch((error: unknown) => error),
      client.chat.completions.create({ model: "manager", messages }).catch((error: unknown) => error),
    ])
    for (const error of refused) {
      if (!(error instanceof APIError)) throw new Error(`no refusal: ${JSON.stringify(error)}`)
      expect([error.status, error.code]).toEqual([429, "rate_limit_exceeded"])
      expect(error.headers.get("retry-after")).toBe("30")
    }
  }, 60_000)
})
