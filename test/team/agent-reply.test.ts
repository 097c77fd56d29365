import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type OpenAI from "openai"
import type { ResponseStreamEvent } from "openai/resources/responses/responses"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type CommandResult, runCommand } from "../support/command.ts"
import { shellVariables } from "../support/shell-variables.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

const key = "sk-of-the-owner"
const anns = "sk-of-ann"

const variables = shellVariables(key)

let service: TestService
let client: OpenAI

beforeAll(async () => {
  service = await startTestService({
    config: {
      apiKeys: new Map([
        ["owner", key],
        ["ann", anns],
      ]),
    },
    env: { ...variables.allowed, ...variables.foreign },
  })
  client = service.clientWith({ apiKey: key })
  // codex runs its commands in login shells, which may begin with a PATH of their own (Debian's do).
  writeFileSync(join(service.codex.env.HOME ?? "", ".profile"), "PATH=/usr/bin:/bin\n")
})
afterAll(() => service.stop())

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown> & {
    readonly error?: { readonly code: string; readonly param: string | null }
  }
}

async function send(body: unknown, token: string | null = key, path = "/agent-reply"): Promise<Answer> {
  const response = await fetch(service.url + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  })
  // Parsed JSON has no type; the tests say what they expect of it.
  return { status: response.status, body: (await response.json()) as Answer["body"] }
}

/** `ai-agent-proxy ARGS` of the person, over the socket in the home. */
function cli(args: string): Promise<CommandResult> {
  return runCommand(args.split(" "), {
    env: { PATH: process.env.PATH ?? "", HOME: service.home, AI_AGENT_PROXY_HOME: service.home },
  })
}

/** What a shell command of the manager prints. */
async function shell(command: string): Promise<string> {
  const response = await client.responses.create({ model: "manager", input: `[[shell:${command}]]` })
  const call = response.output.find((item) => item.type === "mcp_call")
  if (call === undefined || call.name !== "shell") throw new Error("no command was run")
  return call.output ?? ""
}

const textOf = (event: ResponseStreamEvent): string =>
  event.type === "response.output_item.done" && event.item.type === "message"
    ? event.item.content.map((part) => (part.type === "output_text" ? part.text : "")).join("")
    : ""

/** A turn that waits in a shell command until it is let go. */
async function longTurn(extra: { conversation?: string } = {}) {
  const file = `${service.home}/go-${Math.random()}`
  const stream = await client.responses.create({
    model: "manager",
    input: `[[shell:while [ ! -e ${file} ]; do sleep 0.1; done]][[say:the end]]`,
    stream: true,
    ...extra,
  })
  const events: ResponseStreamEvent[] = []
  const ended = (async () => {
    for await (const event of stream) events.push(event)
  })()
  await waitFor(() => events.some((event) => event.type === "response.mcp_call.in_progress"), {
    what: "the command to run",
    timeoutMs: 30_000,
  })
  const [first] = events
  if (first?.type !== "response.created") throw new Error("no response")
  return {
    id: first.response.id,
    events,
    ended,
    letGo: async () => {
      await shell(`touch ${file}`)
      await ended
    },
  }
}

describe("POST /agent-reply", () => {
  it("adds an interim word to the turn that waits, as commentary in its stream, and the turn goes on", async () => {
    const turn = await longTurn()
    const { status, body } = await send({ agent: "manager", text: "Half of it is done." })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      object: "agent_reply",
      agent: "manager",
      delivered_to: "turn",
      final: false,
      response_id: turn.id,
    })
    await waitFor(() => turn.events.some((event) => textOf(event) === "Half of it is done."), {
      what: "the word in the stream",
    })
    expect(turn.events.some((event) => event.type === "response.completed")).toBe(false)
    await turn.letGo()
    const stored = await client.responses.retrieve(turn.id)
    expect(stored.output.filter((item) => item.type === "message")).toMatchObject([
      { phase: "commentary", content: [{ text: "Half of it is done." }] },
      { content: [{ text: "the end" }] },
    ])
  })

  it("takes the form of release 0.2.0 as its own: progress and the end of the turn that waits, data of any kind", async () => {
    const turn = await longTurn()
    const progress = { agent: "manager", event: "progress", data: { done: 0.5 }, metadata: { c: 1 } }
    const { status, body } = await send(progress)
    expect([status, body]).toEqual([200, { ok: true, id: expect.stringMatching(/^rep_/) }])
    await waitFor(() => turn.events.some((event) => textOf(event) === '{"done":0.5}'), {
      what: "the word in the stream",
    })
    const final = { agent: "manager", event: "final", data: "It is done.", task_id: "task-7", extra: 1 }
    expect((await send(final)).body).toEqual({ ok: true, id: "task-7" })
    await turn.ended
    expect(
      (await client.responses.retrieve(turn.id)).output.filter(({ type }) => type === "message"),
    ).toMatchObject([
      { phase: "commentary", content: [{ text: '{"done":0.5}' }] },
      { phase: "final_answer", content: [{ text: "It is done." }] },
    ])
  })

  it("keeps what came in that form where nobody waits, with data and metadata as they were, and refuses what is wrong by its name", async () => {
    const data = { rows: [1, null, "x"] }
    const sent = {
      agent: "manager",
      event: "final",
      data,
      task_id: "task-8",
      metadata: { channel: { id: 5 } },
    }
    expect((await send(sent)).body).toEqual({ ok: true, id: "task-8" })
    expect((await send({ ...sent, event: "progress", data: 7 })).body).toEqual({ ok: true, id: "task-8" })
    const listed = await fetch(`${service.url}/agent-reply?limit=2`, {
      headers: { authorization: `Bearer ${key}` },
    })
    // Parsed JSON has no type.
    const { data: kept } = (await listed.json()) as { data: object[] }
    const { event, ...rest } = sent
    expect(kept).toMatchObject([
      { ...rest, event: "progress", data: 7, text: "7", final: false, delivered_to: "outbox" },
      { ...rest, event, text: JSON.stringify(data), final: true },
    ])
    for (const [wrong, param] of [
      [{ event: "later" }, "event"],
      [{ data: " " }, "data"],
      [{ data: undefined }, "data"],
      [{ metadata: "x" }, "metadata"],
      [{ agent: undefined }, "agent"],
      [{ final: true }, "final"],
      [{ conversation: "conv_1" }, "conversation"],
      [{ image_url: "https://example.com/a.png" }, "image_url"],
      [{ attachments: ["a"] }, "attachments"],
      [{ agent: "nobody" }, "agent"],
    ] as const) {
      const refused = await send({ ...sent, ...wrong })
      expect([refused.status >= 400 && refused.status < 500, refused.body.error?.param]).toEqual([
        true,
        param,
      ])
    }
  })

  it("keeps what came in that form while several turns run: it cannot say which is meant", async () => {
    const turns = [await longTurn(), await longTurn()]
    expect((await send({ agent: "manager", text: "which?" })).status).toBe(400)
    expect((await send({ agent: "manager", event: "final", data: "all" })).body).toMatchObject({ ok: true })
    for (const turn of turns) await turn.letGo()
    for (const { id } of turns) {
      expect((await client.responses.retrieve(id)).output_text).toContain("the end")
    }
  })

  it("completes the turn that waits with a final word, and the next turn knows what the user has seen", async () => {
    const turn = await longTurn()
    await send({ agent: "manager", text: "That is all.", final: true, response_id: turn.id })
    await turn.ended
    const last = turn.events.at(-1)
    if (last?.type !== "response.completed") throw new Error(`ended with ${last?.type}`)
    expect(last.response.output.filter((item) => item.type === "message")).toMatchObject([
      { phase: "final_answer", content: [{ text: "That is all." }] },
    ])
    const next = await client.responses.create({
      model: "manager",
      previous_response_id: turn.id,
      input: "[[say:next]]",
    })
    expect(next.output_text).toBe("next")
    expect(JSON.stringify(service.model.requests.at(-1)?.body)).toContain("That is all.")
  })

  it("is not said twice under the same id", async () => {
    const turn = await longTurn()
    const reply = { agent: "manager", text: "Only once.", id: "once" }
    const answers = await Promise.all([send(reply), send(reply), send(reply)])
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    await turn.letGo()
    expect((await send(reply)).body.id).toBe(answers[0]?.body.id)
    const stored = await client.responses.retrieve(turn.id)
    expect(JSON.stringify(stored.output).split("Only once.")).toHaveLength(2)
  })

  it("puts it behind the items of the conversation when no turn waits, and the next turn is told", async () => {
    const conversation = await client.conversations.create({})
    const first = await client.responses.create({
      model: "manager",
      conversation: conversation.id,
      input: "[[say:I shall come back to you]]",
    })
    const late = await send({ agent: "manager", text: "The night run is green.", response_id: first.id })
    expect(late.body).toMatchObject({ delivered_to: "conversation", conversation: conversation.id })
    const named = await send({
      agent: "manager",
      text: "And so is the day run.",
      conversation: conversation.id,
    })
    expect(named.body).toMatchObject({ delivered_to: "conversation" })
    const { data } = await client.conversations.items.list(conversation.id, { order: "asc" })
    expect(JSON.stringify(data.slice(-2))).toMatch(/night run is green.*day run/)
    await client.responses.create({ model: "manager", conversation: conversation.id, input: "[[say:so?]]" })
    expect(JSON.stringify(service.model.requests.at(-1)?.body)).toContain("The night run is green.")
  })

  it("keeps it in the outbox when nobody waits at all", async () => {
    expect((await send({ agent: "manager", text: "By the way." })).body).toMatchObject({
      delivered_to: "outbox",
      response_id: null,
      conversation: null,
    })
    const outbox = async (query = "", token: string | null = key) =>
      (
        await fetch(`${service.url}/agent-reply${query}`, { headers: { authorization: `Bearer ${token}` } })
      ).json()
    expect(await outbox("?limit=1")).toMatchObject({
      data: [{ agent: "manager", text: "By the way.", final: false, delivered_to: "outbox" }],
    })
    expect(await outbox("?agent=engineer_alice")).toMatchObject({ data: [], has_more: false })
    expect(await outbox("?limit=0")).toMatchObject({ error: { param: "limit" } })
    // What belongs to nobody in particular is for the owner; others see their own.
    expect(await outbox("", anns)).toMatchObject({ data: [] })
    await send({ agent: "manager", text: "By Ann.", id: "ann" }, anns)
    expect(await outbox("", anns)).toMatchObject({ data: [{ text: "By Ann." }] })
    expect(JSON.stringify(await outbox())).not.toContain("By Ann.")
    // Strangers may see the page where a key is needed: that there is a message, and not what it says.
    const page = await (await fetch(service.url)).text()
    expect(page).toContain("A message")
    expect(page).not.toContain("By the way.")
  })

  it("is taken out of the outbox by whom it belongs to, and its id stays taken", async () => {
    const ask = async (method: string, path: string, token: string) => {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await fetch(service.url + path, { method, headers })
      // Parsed JSON has no type; the test says what it expects of it.
      return { status: answer.status, body: (await answer.json()) as { data: { text: string }[] } }
    }
    const textsOf = async (token: string) =>
      (await ask("GET", "/agent-reply?limit=100", token)).body.data.map(({ text }) => text)
    const word = { agent: "manager", text: "Ann's own.", id: "to be removed" }
    const sent = await send(word, anns)
    const path = `/agent-reply/${sent.body.id}`
    expect((await ask("DELETE", path, key)).status).toBe(404)
    expect(await textsOf(anns)).toContain("Ann's own.")
    expect((await ask("DELETE", path, anns)).status).toBe(200)
    expect((await ask("DELETE", path, anns)).status).toBe(404)
    // Nothing is said of the text that is gone, neither an empty one nor the one that came now.
    expect((await send({ ...word, text: "Another." }, anns)).body).toEqual({ ...sent.body, text: null })
    expect(await textsOf(anns)).not.toContain("Ann's own.")

    // On the command line what is shown, and nothing else.
    for (const text of ["The one before.", "The last."]) await send({ agent: "manager", text })
    const before = await textsOf(key)
    const { code, stdout } = await cli("outbox --limit 1 --clear")
    expect([code, stdout.includes("The last."), stdout.includes("The one")]).toEqual([0, true, false])
    expect(await textsOf(key)).toEqual(before.slice(1))
    const { messages } = JSON.parse((await cli("outbox manager --limit 100 --clear --json")).stdout)
    expect(messages).toHaveLength(before.length - 1)
    expect(await textsOf(key)).toEqual([])
  })

  it("of a turn that is over gets into no other turn: it goes to the conversation of its thread, or waits", async () => {
    const conversation = await client.conversations.create({})
    const thread = async (extra: { conversation?: string }) => {
      const input = "[[shell:echo thread=$CODEX_THREAD_ID.]]"
      const { output } = await client.responses.create({ model: "manager", input, ...extra })
      return /thread=([\w-]{20,})\./.exec(
        JSON.stringify(output.find((item) => item.type === "mcp_call")),
      )?.[1]
    }
    const [inConversation, alone] = [await thread({ conversation: conversation.id }), await thread({})]
    const other = await longTurn()
    const late = { agent: "manager", text: "Late.", final: true }
    expect((await send({ ...late, thread: inConversation })).body).toMatchObject({
      delivered_to: "conversation",
      conversation: conversation.id,
    })
    expect((await send({ ...late, thread: alone })).body).toMatchObject({ delivered_to: "outbox" })
    await other.letGo()
    expect(other.events.map(textOf).join()).not.toContain("Late.")
  })

  it("has an id within its key only", async () => {
    const mine = await send({ agent: "manager", text: "Mine.", id: "1" })
    const hers = await send({ agent: "manager", text: "Hers.", id: "1" }, anns)
    expect([mine.body.text, hers.body.text]).toEqual(["Mine.", "Hers."])
  })

  it("asks which turn is meant where several run", async () => {
    const [one, other] = await Promise.all([longTurn(), longTurn()])
    const { status, body } = await send({ agent: "manager", text: "Which one?" })
    expect([status, body.error?.param]).toEqual([400, "response_id"])
    expect((await send({ agent: "manager", text: "This one.", response_id: other.id })).body).toMatchObject({
      delivered_to: "turn",
      response_id: other.id,
    })
    await Promise.all([one.letGo(), other.letGo()])
  })

  it.each([
    [{ agent: "engineer_nobody", text: "x" }, 404, "agent_not_found", "agent"],
    [{ agent: "manager", text: "x", response_id: "resp_none" }, 404, "response_not_found", "response_id"],
    [
      { agent: "manager", text: "x", conversation: "conv_none" },
      404,
      "conversation_not_found",
      "conversation",
    ],
    [{ text: "x" }, 400, "invalid_request", "agent"],
    [{ agent: "manager" }, 400, "invalid_request", "text"],
    [{ agent: "manager", text: "  " }, 400, "invalid_request", "text"],
    [{ agent: "manager", text: "x", final: "yes" }, 400, "invalid_request", "final"],
    [{ agent: "manager", text: "x", respones_id: "resp_1" }, 400, "invalid_request", "respones_id"],
    [[], 400, "invalid_request", null],
    ["{", 400, "invalid_json", null],
  ])("refuses %j", async (body, status, code, param) => {
    const answer = await send(body)
    expect([answer.status, answer.body.error?.code, answer.body.error?.param]).toEqual([status, code, param])
  })

  it.each([null, "sk-wrong", "aap-agent-wrong"])("refuses the token %s", async (token) => {
    expect((await send({ agent: "manager", text: "x" }, token)).status).toBe(401)
  })
})

describe("an agent's own token", () => {
  it("opens /agent-reply for its agent, and nothing else", async () => {
    const token = (await shell("echo $AI_AGENT_PROXY_AGENT_TOKEN")).trim()
    expect(token).toMatch(/^aap-agent-/)
    expect((await send({ text: "By my own token." }, token)).body).toMatchObject({ agent: "manager" })
    const foreign = await send({ agent: "engineer_alice", text: "In another's name." }, token)
    expect([foreign.status, foreign.body.error?.code]).toEqual([404, "agent_not_found"])
    const reading = await fetch(`${service.url}/agent-reply`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(reading.status).toBe(401)
    for (const path of [
      "/v1/models",
      "/v1/responses",
      "/openapi.json",
      "/v1/files",
      "/mcp",
      "/agent-reply/x",
    ]) {
      expect([path, (await send({}, token, path)).status]).toEqual([path, 401])
    }
  })

  it("is all that a shell command of the agent knows of the service", async () => {
    const environment = (await shell("env -0 | tr '\\n\\0' ' \\n'")).trim().split("\n")
    const names = environment.map((line) => line.split("=")[0] ?? "")
    expect(names.toSorted()).toEqual(
      [
        ...["AI_AGENT_PROXY_AGENT", "AI_AGENT_PROXY_AGENT_TOKEN"],
        ...["AI_AGENT_PROXY_COMMAND", "AI_AGENT_PROXY_HOME", "AI_AGENT_PROXY_URL"],
        ...["NO_PROXY", "no_proxy"],
        // A mark by which what it has started is found, and no secret.
        "AI_AGENT_PROXY_TURN",
        // What codex needs, the key of its model server, which `pass_env` names, among it.
        ...Object.keys(service.codex.env),
        ...Object.keys(variables.allowed),
        ...variables.ofCodex,
        ...variables.ofTheShell,
      ].toSorted(),
    )
    const values = environment.join("\n")
    for (const secret of [key, anns, "not for agents"]) expect(values).not.toContain(secret)
  })
})

describe("ai-agent-proxy reply in a shell command of the agent", () => {
  it("speaks into the turn that runs the command, though the shell's profile has put the PATH back", async () => {
    const response = await client.responses.create({
      model: "manager",
      input:
        '[[shell:command -v ai-agent-proxy; "$AI_AGENT_PROXY_COMMAND" reply From the shell, by words; ' +
        'echo And by stdin. | "$AI_AGENT_PROXY_COMMAND" reply]][[say:done]]',
    })
    expect(response.output.filter((item) => item.type === "message")).toMatchObject([
      { phase: "commentary", content: [{ text: "From the shell, by words" }] },
      { phase: "commentary", content: [{ text: "And by stdin." }] },
      { content: [{ text: "done" }] },
    ])
    expect(JSON.stringify(response.output)).not.toContain("/.bin/")
  })

  it("finds its own turn among several", async () => {
    const turns = ["one", "two", "three"].map((word) =>
      client.responses.create({
        model: "manager",
        input: `[[shell:"$AI_AGENT_PROXY_COMMAND" reply ${word}; sleep 1]][[say:${word} is done]]`,
      }),
    )
    for (const [index, response] of (await Promise.all(turns)).entries()) {
      const texts = response.output.flatMap((item) => (item.type === "message" ? item.content : []))
      const word = ["one", "two", "three"][index]
      expect(texts).toMatchObject([{ text: word }, { text: `${word} is done` }])
    }
  })

  it("answers with --final, and the agent is interrupted", async () => {
    const response = await client.responses.create({
      model: "manager",
      input: '[[shell:"$AI_AGENT_PROXY_COMMAND" reply --final The answer.; sleep 600]][[say:never]]',
    })
    expect(response.status).toBe("completed")
    expect(response.output_text).toBe("The answer.")
  })

  it("has the other commands beside it, on the service's home, which is not the default one", async () => {
    const said = await shell(
      'for command in list status "remember manager Plums." outbox "connect nobody"; do ' +
        '"$AI_AGENT_PROXY_COMMAND" $command < /dev/null; echo $command: code $?; done',
    )
    expect(said).toMatch(/list: code 0.*status: code 0.*Plums.: code 0.*outbox: code 0/s)
    // Asked of the service, which knows its agents.
    expect(said).toMatch(/no agent 'nobody'.*connect nobody: code 1/s)
  })

  it("says what is wrong, with the documented exit code", async () => {
    expect(await shell("$AI_AGENT_PROXY_COMMAND reply --response resp_none x 2>&1; echo code $?")).toMatch(
      /Response with id 'resp_none' not found\.\s+code 1/,
    )
    expect(await shell("$AI_AGENT_PROXY_COMMAND reply --wrong x 2>&1; echo code $?")).toMatch(/code 2/)
    expect(await shell("$AI_AGENT_PROXY_COMMAND reply < /dev/null 2>&1; echo code $?")).toMatch(
      /nothing to say.*\s+code 1/,
    )
    expect(
      await shell("AI_AGENT_PROXY_URL=http://127.0.0.1:1 $AI_AGENT_PROXY_COMMAND reply x 2>&1; echo code $?"),
    ).toMatch(/does not answer at http:\/\/127\.0\.0\.1:1.*\s+code 1/)
  })
})
