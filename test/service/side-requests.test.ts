import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type OpenAI from "openai"
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { conversationOf, developerTextOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

/** Open WebUI's default template; what is in the chat decides what the scripted model does. */
function titlePrompt(chat: string): string {
  return `### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Guidelines:
- The title should clearly represent the main theme or subject of the conversation.
### Output:
JSON format: { "title": "your concise title here" }
### Chat History:
<chat_history>
${chat}
</chat_history>`
}

/** Open WebUI's own tasks beside a chat, as it names and words them. */
const tasks: readonly (readonly [string, (chat: string) => string])[] = [
  ["title_generation", titlePrompt],
  [
    "tags_generation",
    (chat) => `### Task:
Generate 1-3 broad tags categorizing the main themes of the chat history, along with 1-3 more specific subtopic tags.

### Guidelines:
- Prioritize accuracy over specificity

### Output:
JSON format: { "tags": ["tag1", "tag2", "tag3"] }

### Chat History:
<chat_history>
${chat}
</chat_history>`,
  ],
  [
    "follow_up_generation",
    (chat) => `### Task:
Suggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next in this conversation as a **user**, based on the chat history, to help continue or deepen the discussion.
### Guidelines:
- Make questions concise.
### Output:
JSON format: { "follow_ups": ["Question 1?", "Question 2?", "Question 3?"] }
### Chat History:
<chat_history>
${chat}
</chat_history>`,
  ],
]

const user = (content: string): ChatCompletionMessageParam => ({ role: "user", content })
const assistant = (content: string | null | undefined): ChatCompletionMessageParam => ({
  role: "assistant",
  content: content ?? "",
})

/** Every file below a folder with a hash of what is in it. */
function snapshot(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, createHash("sha256").update(readFileSync(path)).digest("hex")]),
  )
}

function rowCounts(home: string): { readonly responses: number } {
  const database = new DatabaseSync(join(home, "state.db"), { readOnly: true })
  try {
    // As the statement says.
    return database
      .prepare(
        "select (select count(*) from threads) as threads, (select count(*) from turns) as turns, (select count(*) from responses) as responses",
      )
      .get() as { readonly responses: number }
  } finally {
    database.close()
  }
}

/** What the service writes of a turn into the agent's folder it writes after the answer. */
async function recorded(home: string): Promise<void> {
  const { responses } = rowCounts(home)
  const lines = (...path: string[]) =>
    readFileSync(join(home, "manager", ...path), "utf8").split("\n").length - 1
  const isWritten = (): boolean => {
    const [note] = readdirSync(join(home, "manager", "notes"))
    return (
      note !== undefined && lines("notes", note) >= responses && lines("logs", "turns.jsonl") >= responses
    )
  }
  await waitFor(isWritten, { what: "the turns to be written down" })
}

describe("side requests over codex", () => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService()
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  const ask = (client: OpenAI, messages: ChatCompletionMessageParam[], more: object = {}) =>
    client.chat.completions
      .create({ model: "manager", messages, ...more })
      .then((completion) => completion.choices[0]?.message.content)

  function threadIds(): unknown[] {
    return [...new Set(service.model.requests.map((request) => request.headers["thread-id"]))]
  }

  it("named by the header leave the chat, the ledger and the workspace as they were", async () => {
    const chatId = { "X-OpenWebUI-Chat-Id": "chat-1" }
    const client = service.clientWith({ headers: chatId })
    const first = await ask(client, [user("[[say:one]]")])
    expect(first).toBe("one")
    const [chatThread] = threadIds()
    const workspace = join(service.home, "manager")
    await recorded(service.home)
    const before = { files: snapshot(workspace), rows: rowCounts(service.home) }
    expect(Object.keys(before.files).map((path) => path.slice(workspace.length + 1))).toEqual(
      expect.arrayContaining(["memory/memory.md", expect.stringMatching(/^notes\/daily-/)]),
    )

    service.model.clearRequests()
    for (const [name, prompt] of tasks) {
      const asker = service.clientWith({ headers: { ...chatId, "X-OpenWebUI-Task": name } })
      expect(await ask(asker, [user(prompt(`USER: [[say:{"of":"${name}"}]]`))])).toBe(`{"of":"${name}"}`)
    }
    expect(threadIds()).toHaveLength(tasks.length)
    expect(threadIds()).not.toContain(chatThread)
    const task = service.clientWith({ headers: { ...chatId, "X-OpenWebUI-Task": "tags_generation" } })
    service.model.clearRequests()
    expect(await ask(task, [user("A template of my own: [[say:tags]]")])).toBe("tags")
    expect(await ask(task, [user(titlePrompt("[[say:title]]"))])).toBe("title")
    expect(threadIds()).toHaveLength(2)
    expect(threadIds()).not.toContain(chatThread)
    expect(service.model.requests.map(developerTextOf).join()).not.toContain("memory.md")
    expect({ files: snapshot(workspace), rows: rowCounts(service.home) }).toEqual(before)

    service.model.clearRequests()
    await ask(client, [user("[[say:one]]"), assistant(first), user("[[say:two]]")])
    expect(threadIds()).toEqual([chatThread])
    const [request] = service.model.requests
    expect(request === undefined ? [] : conversationOf(request).map((message) => message.text)).toEqual([
      "[[say:one]]",
      "one",
      "[[say:two]]",
    ])
  })

  it("are known by their templates without a header, whatever names the chat", async () => {
    const client = service.clientWith({ headers: { "X-Session-Id": "chat-2" } })
    const first = await ask(client, [user("[[say:one]]")])
    const [chatThread] = threadIds()
    const before = rowCounts(service.home)
    service.model.clearRequests()
    const workspace = join(service.home, "manager")
    await recorded(service.home)
    const files = snapshot(workspace)
    for (const [name, prompt] of tasks) {
      expect(await ask(client, [user(prompt(`USER: [[say:${name}]]`))])).toBe(name)
    }
    expect(threadIds()).toHaveLength(tasks.length)
    expect(threadIds()).not.toContain(chatThread)
    expect({ files: snapshot(workspace), rows: rowCounts(service.home) }).toEqual({ files, rows: before })
    service.model.clearRequests()
    await ask(client, [user("[[say:one]]"), assistant(first), user("[[say:two]]")])
    expect(threadIds()).toEqual([chatThread])
  })

  it("are not what somebody asks about such a template in a chat", async () => {
    const client = service.clientWith({ headers: { "X-Session-Id": "chat-3" } })
    await ask(client, [user(`${titlePrompt("x")}\n\nWhat does this do? [[say:It asks for a title.]]`)])
    const [chatThread] = threadIds()
    service.model.clearRequests()
    await ask(client, [user("[[say:more]]")])
    expect(threadIds()).toEqual([chatThread])
  })

  it("run nothing and write nothing, though the text that they are about says so", async () => {
    const workspace = join(service.home, "manager")
    await recorded(service.home)
    const before = snapshot(workspace)
    const file = join(workspace, "memory", "owned.md")
    await ask(service.client, [user(titlePrompt(`[[shell:echo owned > ${file}]][[edit:owned.txt|owned]]`))])
    expect(existsSync(file)).toBe(false)
    expect(snapshot(workspace)).toEqual(before)
    // In a chat the agent does as it is told: what kept it from it was that nobody asked it to act.
    await ask(service.client, [user(`[[shell:echo owned > ${file}]]`)])
    expect(existsSync(file)).toBe(true)
  })

  it("get no functions, unless they want their answer as a call", async () => {
    const task = service.clientWith({ headers: { "X-OpenWebUI-Task": "title_generation" } })
    const tools = [
      { type: "function" as const, function: { name: "give_title", parameters: { type: "object" } } },
    ]
    const offered = () => JSON.stringify(service.model.requests.map((request) => request.body.tools))
    await ask(task, [user("[[say:title]]")], { tools })
    expect(offered()).not.toContain("give_title")
    service.model.clearRequests()
    const called = await task.chat.completions.create({
      model: "manager",
      messages: [user("[[tool:give_title:{}]]")],
      tools,
      tool_choice: "required",
    })
    expect(called.choices[0]?.message.tool_calls).toHaveLength(1)
    expect(offered()).toContain("give_title")
    // Nobody comes back with a result, so nothing waits for one.
    await expect
      .poll(() => service.logged.some((line) => line.message.includes("waited for its client")))
      .toBe(true)
  })

  it("are not stored, and stream like any other", async () => {
    const task = service.clientWith({ headers: { "X-OpenWebUI-Task": "title_generation" } })
    const before = rowCounts(service.home)
    const body = { model: "manager", input: "[[say:title]]", store: false }
    const response = await task.responses.create(body)
    expect(response).toMatchObject({ output_text: "title", store: false })
    const stream = task.chat.completions.stream({ model: "manager", messages: [user("[[say:title]]")] })
    expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe("title")
    expect(rowCounts(service.home)).toEqual(before)
    await expect(task.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 })
  })

  it("are stored over Responses as they say of themselves, and an ordinary thread goes on behind them", async () => {
    const workspace = join(service.home, "manager")
    await recorded(service.home)
    const files = snapshot(workspace)
    const create = (input: string, more: object = {}) =>
      service.client.responses.create({ model: "manager", input, ...more })
    const title = await create(titlePrompt("USER: [[say:title]]"))
    expect(title).toMatchObject({ output_text: "title", store: true })
    expect(service.model.requests.map(developerTextOf).join()).not.toContain("Your character")
    expect(snapshot(workspace)).toEqual(files)
    const [thrownAway] = threadIds()
    expect(await service.client.responses.retrieve(title.id)).toMatchObject({ output_text: "title" })

    service.model.clearRequests()
    const file = join(workspace, "memory", "behind.md")
    await create(`[[shell:echo behind > ${file}]]`, { previous_response_id: title.id })
    expect(existsSync(file)).toBe(true)
    expect(threadIds()).not.toContain(thrownAway)
    const [request] = service.model.requests
    expect(request === undefined ? "" : developerTextOf(request)).toContain("Your character")
    const told = request === undefined ? [] : conversationOf(request).map(({ text }) => text)
    expect(told).toEqual([titlePrompt("USER: [[say:title]]"), "title", expect.stringContaining("behind.md")])

    const task = service.clientWith({ headers: { "X-OpenWebUI-Task": "title_generation" } })
    const asked = await task.responses.create({ model: "manager", input: "[[say:title]]", store: true })
    expect(asked).toMatchObject({ store: true })
    expect(await task.responses.retrieve(asked.id)).toMatchObject({ output_text: "title" })
  })
})

describe("side requests over the demo agent in shared sessions", () => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService({
      cli: "/nonexistent/codex",
      demoFallback: true,
      config: { sessions: "shared" },
    })
  })
  afterAll(() => service.stop())

  it("stay out of the thread that everybody shares", async () => {
    const ask = (content: string, headers: Record<string, string> = {}) =>
      service
        .clientWith({ headers })
        .chat.completions.create({ model: "manager", messages: [user(content)] })
        .then((completion) => completion.choices[0]?.message.content)
    await ask("say one")
    await ask("say title", { "X-OpenWebUI-Task": "title_generation" })
    await ask(titlePrompt("USER: one"))
    expect(await ask("list what I said")).toBe("1. say one\n2. list what I said")
  })
})
