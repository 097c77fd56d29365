import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type OpenAI from "openai"
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { agentPath } from "../agents/agents.ts"
import { createAcpHome } from "../support/acp-homes.ts"
import { createClaudeHome } from "../support/claude-home.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

interface Cli {
  readonly name: string
  /** Null: it is not installed. */
  readonly executable: string | null
  /** Where it keeps its records of threads. */
  records(home: Homes): readonly string[]
}

interface Homes {
  readonly codex: string
  readonly claude: string
  readonly gemini: string
  readonly opencode: string
}

const codexSessions = ({ codex }: Homes) => [join(codex, "sessions")]

const clis: readonly Cli[] = [
  { name: "codex", executable: codexExecutable(), records: codexSessions },
  { name: "exec", executable: codexExecutable(), records: codexSessions },
  { name: "claude", executable: testCli("claude"), records: ({ claude }) => [join(claude, "projects")] },
  {
    name: "gemini",
    executable: testCli("gemini"),
    records: ({ gemini }) => [join(gemini, ".gemini", "tmp")],
  },
  {
    name: "opencode",
    executable: testCli("opencode"),
    records: ({ opencode }) => [join(opencode, ".local", "share", "opencode")],
  },
]

const ways = ["whole", "streamed", "chat", "streamed chat", "branch"] as const

type Ids = Readonly<Record<(typeof ways)[number], string>>

/** A conversation for each way to go on, with the id of its first answer. */
async function sayIn(client: OpenAI, model: string): Promise<Ids> {
  const say = async (way: string) =>
    (await client.responses.create({ model, input: `[[say:I keep ${way}]]` })).id
  const ids = { whole: "", streamed: "", chat: "", "streamed chat": "", branch: "" }
  for (const way of ways) ids[way] = await say(way)
  return ids
}

/** The next message of each is answered out of the whole conversation. */
async function expectKept(client: OpenAI, model: string, ids: Ids): Promise<void> {
  const next = (id: string) => ({ model, input: "[[history]]", previous_response_id: id })
  const whole = await client.responses.create(next(ids.whole))
  expect(whole.output_text).toContain("I keep whole")
  const streamed = await client.responses.stream(next(ids.streamed)).finalResponse()
  expect(streamed.output_text).toContain("I keep streamed")
  const branch = await client.responses.create(next(ids.branch))
  expect(branch.output_text).toContain("I keep branch")
  expect(branch.output_text).not.toContain("later")

  const messages = (way: string): ChatCompletionMessageParam[] => [
    { role: "user", content: `[[say:I keep ${way}]]` },
    { role: "assistant", content: `I keep ${way}` },
    { role: "user", content: "[[history]]" },
  ]
  const chat = await client.chat.completions.create({ model, messages: messages("chat") })
  expect(chat.choices[0]?.message.content).toContain("I keep chat")
  const chunks = client.chat.completions.stream({ model, messages: messages("streamed chat") })
  expect(await chunks.finalContent()).toContain("I keep streamed chat")
}

describe.each(clis)("a conversation on $name whose record is gone", ({ name, executable, records }) => {
  let service: TestService
  let homes: Homes
  let folder: TempDir
  let model: string
  const cleanUps: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    if (executable === null) return
    folder = await createTempDir("lost-thread")
    cleanUps.push(() => folder.remove())
    service = await startTestService({
      env: async (modelUrl) => {
        const claude = await createClaudeHome({ modelUrl })
        const gemini = await createAcpHome("gemini", modelUrl)
        const opencode = await createAcpHome("opencode", modelUrl)
        cleanUps.push(claude.remove, gemini.remove, opencode.remove)
        homes = { codex: "", claude: claude.home, gemini: gemini.home, opencode: opencode.home }
        const { HOME } = name === "opencode" ? opencode.env : gemini.env
        return { ...claude.env, ...gemini.env, ...opencode.env, ...(HOME !== undefined && { HOME }) }
      },
    })
    cleanUps.push(() => service.stop())
    homes = { ...homes, codex: service.codex.home }
    const settings = {
      cli: name === "exec" ? execOnly(executable) : executable,
      model: name === "gemini" ? "gemini-2.5-flash" : null,
    }
    const { agent } = await service.roster.hire({ role: "engineer", name: "eve", settings })
    expect([agent.readiness, agent.backend]).toEqual([{ isReady: true }, expect.any(String)])
    model = agent.id
  })
  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
  })

  /** codex without its app-server. */
  function execOnly(codex: string): string {
    const file = join(folder.path, "agent")
    writeFileSync(file, `#!/bin/sh\n[ "$1" = app-server ] && exit 2\nexec '${codex}' "$@"\n`, { mode: 0o755 })
    return file
  }

  function removeRecords(): void {
    for (const path of records(homes)) rmSync(path, { recursive: true })
  }

  it.skipIf(executable === null)(
    executable === null ? missingCli(name) : "goes on with its first message, however that is sent",
    async () => {
      const ids = await sayIn(service.client, model)
      await service.client.responses.create({
        model,
        input: "[[say:later]]",
        previous_response_id: ids.branch,
      })
      await service.restart()
      removeRecords()
      await expectKept(service.client, model, ids)
    },
  )

  it.skipIf(executable === null)(
    executable === null ? missingCli(name) : "goes on also where it was loaded when its record went",
    async () => {
      const { client } = service
      const before = await client.responses.create({ model, input: "[[say:I keep it]]" })
      removeRecords()
      const after = await client.responses.create({
        model,
        input: "[[history]]",
        previous_response_id: before.id,
      })
      expect(after.output_text).toContain("I keep it")
    },
  )
})

describe("a conversation on an agent that forgets a session which it has loaded", () => {
  it("goes on with its first message, whole and streamed, in chat and Responses", async () => {
    const sessions = await createTempDir("sessions")
    const service = await startTestService({ env: { SESSIONS: sessions.path, FAULT: "forgets" } })
    try {
      const cli = `${process.execPath} --disable-warning=ExperimentalWarning ${agentPath("acp-agent.ts")}`
      const settings = { cli, backend: "acp", env: ["SESSIONS", "FAULT"] }
      const { agent } = await service.roster.hire({ role: "engineer", name: "eve", settings })
      await expectKept(service.client, agent.id, await sayIn(service.client, agent.id))
    } finally {
      await service.stop()
      await sessions.remove()
    }
  })
})
