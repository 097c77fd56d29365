import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
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
    const stream = await client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: "[[slow:100]] two",
      stream: true,
    })
    const types: string[] = []
    let id = ""
    let killedAt = 0
    let pids: number[] = []
    const reading = (async () => {
      for await (const event of stream) {
        types.push(event.type)
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
      error: { code: "backend_died", message: expect.stringContaining("codex") },
    })
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

  it("is a 502 where nothing was sent yet, and its shell command is gone", async () => {
    const { client } = await start()
    const answer = client.responses.create({ model: "manager", input: "[[shell:sleep 62]]" })
    const failure = answer.catch((error: unknown) => error)
    const isSleeping = () => descendantsOf(process.pid).some((entry) => entry.commandLine === "sleep 62")
    await waitFor(isSleeping, { what: "the command to run" })
    stopAll("SIGKILL")
    expect(await failure).toMatchObject({ status: 502, code: "backend_died" })
    await waitFor(() => !isSleeping(), { what: "the command to end", timeoutMs: 2000 })
  })

  it("and is stopped instead is ended by the silence deadline, and replaced", async () => {
    const { client } = await start({ limits: { silenceMs: 4000 } })
    const first = await client.responses.create({ model: "manager", input: "[[say:a]] one" })
    const stuck = stopAll("SIGSTOP")
    const failure = await client.responses
      .create({ model: "manager", previous_response_id: first.id, input: "[[say:never]]" })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 504, code: "turn_timeout" })
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
    await expect(reading).rejects.toMatchObject({ code: "internal_error" })
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
    await expect(reading).rejects.toMatchObject({ code: "internal_error" })
    expect(await client.responses.retrieve(id)).toMatchObject({ status: "failed" })
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
    "with $script gives an error that says so, never a 200; the thread goes on",
    async ({ script, says }) => {
      const { client } = await start({ limits: { silenceMs: 3000 } })
      const first = await client.responses.create({ model: "manager", input: "[[say:a]] one" })
      const go = (input: string) =>
        client.responses.create({ model: "manager", previous_response_id: first.id, input })
      const failure = await go(`${script} two`).then(
        (response) => response,
        (error: unknown) => error,
      )
      expect(failure).toMatchObject({ status: expect.any(Number), message: expect.stringMatching(says) })
      expect((failure as { status: number }).status).toBeGreaterThanOrEqual(500)
      expect((failure as { headers: Headers }).headers.get("x-should-retry")).toBe("false")
      expect((await go("[[say:b]] three")).output_text).toBe("b")
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
      status: 504,
      code: "turn_timeout",
      message: expect.stringMatching(/Reconnecting.*model server/),
    })
  })
})

describe("a long turn", () => {
  it("that works for longer than the silence deadline is not cut, and its stream stays alive", async () => {
    // Ten minutes at a silence deadline of two, made short: everything is a fiftieth.
    const { url, client, fetch } = await start({ limits: { silenceMs: 1000, keepAliveMs: 100 } })
    const commands = Array(4).fill("[[shell:sleep 3]]").join("[[then]]")
    const reply = await fetch(`${url}/v1/responses`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "manager", input: `${commands}[[say:finished]]`, stream: true }),
    })
    let text = ""
    let longestSilenceMs = 0
    let lastAt = performance.now()
    for await (const chunk of reply.body ?? []) {
      text += new TextDecoder().decode(chunk)
      longestSilenceMs = Math.max(longestSilenceMs, performance.now() - lastAt)
      lastAt = performance.now()
    }
    expect(text).toContain('"text":"finished"')
    expect(text.match(/^: keep-alive$/gm)?.length).toBeGreaterThan(50)
    expect(text.match(/event: response\.mcp_call\.completed/g)).toHaveLength(4)
    expect(longestSilenceMs).toBeLessThan(2000)
    const id = /"id":"(resp_[0-9a-f]+)"/.exec(text)?.[1] ?? ""
    expect(await client.responses.retrieve(id)).toMatchObject({ status: "completed" })
  }, 40_000)
})
