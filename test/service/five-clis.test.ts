import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type OpenAI from "openai"
import { afterEach, describe, expect, it } from "vitest"
import { startModelServer } from "../model-server/model-server.ts"
import { createAcpHome } from "../support/acp-homes.ts"
import { createClaudeHome } from "../support/claude-home.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

const others = ["claude", "gemini", "opencode", "copilot"] as const
const missing = others.find((name) => testCli(name) === null)

const png =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

const weather = {
  type: "function",
  name: "get_weather",
  description: "The weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
} as const

const answerFormat = {
  type: "json_schema",
  name: "answer",
  strict: true,
  schema: {
    type: "object",
    properties: { answer: { type: "string" } },
    required: ["answer"],
    additionalProperties: false,
  },
} as const

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** Each start of a CLI, with its arguments, by the name of the CLI. */
type Starts = (name: (typeof others)[number]) => readonly string[]

/** The CLI behind a program of the same name that notes its starts in the folder. */
function installNoting(folder: string, name: string, cli: string): string {
  const file = join(folder, name, name)
  mkdirSync(join(folder, name))
  writeFileSync(file, `#!/bin/sh\necho "$*" >> '${folder}/${name}/starts'\nexec '${cli}' "$@"\n`, {
    mode: 0o755,
  })
  return file
}

/** A service whose manager is on codex, and that has an agent on each of the other CLIs. */
async function startService(): Promise<{ readonly service: TestService; readonly starts: Starts }> {
  const folder = await createTempDir("five-clis")
  cleanUps.push(() => folder.remove())
  const model = await startModelServer()
  cleanUps.push(() => model.close())
  const env: Record<string, string> = {}
  const claude = await createClaudeHome({ modelUrl: model.url })
  cleanUps.push(() => claude.remove())
  Object.assign(env, claude.env)
  for (const name of ["gemini", "copilot", "opencode"] as const) {
    const home = await createAcpHome(name, model.url)
    cleanUps.push(() => home.remove())
    Object.assign(env, home.env)
  }
  const service = await startTestService({ env })
  cleanUps.push(() => service.stop())
  for (const name of others) {
    const cli = installNoting(folder.path, name, testCli(name) ?? "")
    const settings = { cli, model: name === "gemini" ? "gemini-2.5-flash" : null }
    const { agent } = await service.roster.hire({ role: "engineer", name, settings })
    expect([name, agent.readiness]).toEqual([name, { isReady: true }])
  }
  const starts: Starts = (name) =>
    readFileSync(join(folder.path, name, "starts"), "utf8")
      .trim()
      .split("\n")
  return { service, starts }
}

/** What a client does, whatever is behind the agent; what came of each step. */
async function runClient(client: OpenAI, model: string): Promise<Readonly<Record<string, unknown>>> {
  const chat = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: `[[say:I am ${model}]]` }],
  })

  const told = await client.chat.completions.create({
    model,
    messages: [
      { role: "user", content: "Look around." },
      { role: "assistant", content: "ls" },
      { role: "system", content: "It printed a, b and c." },
    ],
  })

  let streamed = ""
  const stream = await client.responses.create({ model, input: "[[slow:5:20]]", stream: true })
  for await (const event of stream) if (event.type === "response.output_text.delta") streamed += event.delta

  const first = await client.responses.create({ model, instructions: "Be brief.", input: "[[say:one]]" })
  const second = await client.responses.create({
    model,
    instructions: "Be brief.",
    input: "[[history]]",
    previous_response_id: first.id,
  })

  // In a session that has begun, where its CLI would look for its own commands.
  const data = await client.responses.create({
    model,
    instructions: "Be brief.",
    input: "/etc/hosts: what is in it? [[say:read]]",
    previous_response_id: second.id,
  })
  const why = [
    { role: "user" as const, content: `[[say:This is what ${model} says first]]` },
    { role: "assistant" as const, content: `This is what ${model} says first` },
    { role: "user" as const, content: "// why? [[say:because]]" },
  ]
  await client.chat.completions.create({ model, messages: why.slice(0, 1) })
  const chunks = await client.chat.completions.create({ model, messages: why, stream: true })
  let because = ""
  for await (const { choices } of chunks) because += choices[0]?.delta.content ?? ""

  const called = await client.responses.create({
    model,
    input: '[[tool:get_weather:{"city":"Oslo"}]][[say:it is told]]',
    tools: [weather],
  })
  const call = called.output.find((item) => item.type === "function_call")
  const answered = await client.responses.create({
    model,
    previous_response_id: called.id,
    tools: [weather],
    input: [{ type: "function_call_output", call_id: call?.call_id ?? "", output: "sunny" }],
  })

  const json = await client.responses.create({
    model,
    input: '[[say:{"answer":"yes"}]]',
    text: { format: answerFormat },
  })

  const image = await client.responses.create({
    model,
    input: [
      {
        role: "user",
        content: [
          { type: "input_text", text: "[[image]]" },
          { type: "input_image", image_url: png, detail: "auto" },
        ],
      },
    ],
  })

  const long = await client.responses.create({ model, input: "[[slow:2000:50]]", background: true })
  const cancelled = await client.responses.cancel(long.id)

  return {
    chat: chat.choices[0]?.message.content,
    streamed,
    told: [told.choices[0]?.finish_reason, told.choices[0]?.message.content !== ""],
    continued: second.output_text.includes("[[say:one]]"),
    data: [data.output_text, because],
    call: call === undefined ? null : [call.name, JSON.parse(call.arguments)],
    answered: answered.output_text,
    json: JSON.parse(json.output_text),
    image: image.output_text,
    cancelled: cancelled.status,
  }
}

describe("one client script", () => {
  it.skipIf(missing !== undefined)(
    missing === undefined
      ? "gets the same of five agents on five CLIs in one service, at the same time"
      : missingCli(missing),
    { timeout: 240_000 },
    async () => {
      const { service, starts } = await startService()
      const { client } = service
      const models = ["manager", ...others.map((name) => `engineer_${name}`)]
      const results = await Promise.all(models.map((model) => runClient(client, model)))
      for (const [index, model] of models.entries()) {
        expect([model, results[index]]).toEqual([
          model,
          {
            chat: `I am ${model}`,
            streamed: "1 2 3 4 5",
            told: ["stop", true],
            continued: true,
            data: ["read", "because"],
            call: ["get_weather", { city: "Oslo" }],
            answered: expect.stringContaining("it is told"),
            json: { answer: "yes" },
            image: expect.stringContaining("image:image/png"),
            cancelled: "cancelled",
          },
        ])
      }
      // One warm process for all; of claude's one for each of the nine threads that the script begins.
      for (const name of ["gemini", "opencode", "copilot"] as const) {
        expect([name, starts(name)]).toEqual([name, [expect.any(String)]])
      }
      const turns = starts("claude").filter((args) => args.includes("--input-format"))
      expect(turns.length).toBeGreaterThan(0)
      expect(turns.length).toBeLessThanOrEqual(9)
    },
  )
})
