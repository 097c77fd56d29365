import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type OpenAI from "openai"
import { BadRequestError } from "openai"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { codexCli, demoCli, jsonCli, plainCli } from "../../scripts/agent-clis.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

const pixel =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
const parameters = { type: "object", properties: {}, additionalProperties: false }
const weather = { type: "function", name: "weather", parameters, strict: false } as const

let folder: TempDir
let service: TestService

function runCount(): number {
  const file = join(folder.path, "runs")
  return existsSync(file) ? readFileSync(file, "utf8").length : 0
}

/** What the request is refused with; the agent must not have been run for it. */
async function refusal(request: PromiseLike<unknown>): Promise<BadRequestError> {
  const before = runCount()
  const error = await Promise.resolve(request).catch((thrown: unknown) => thrown)
  if (!(error instanceof BadRequestError)) throw new Error(`not a 400: ${String(error)}`)
  expect(runCount()).toBe(before)
  return error
}

/** The manager as a model, once its CLI has been asked. */
async function managerOf({ client }: TestService): Promise<OpenAI.Model> {
  return waitFor(
    async () => {
      const model = await client.models.retrieve("manager")
      return "capabilities" in model && model.capabilities !== null && model
    },
    { what: "the capabilities of the manager" },
  )
}

beforeAll(async () => {
  folder = await createTempDir("agent-fit")
  const cli = join(folder.path, "agent")
  writeFileSync(
    cli,
    `#!/bin/sh
[ "$2" = "--help" ] && { echo 'usage: exec [PROMPT]'; exit 0; }
printf . >> "${folder.path}/runs"
echo '{"answer": 1}'
`,
  )
  chmodSync(cli, 0o755)
  service = await startTestService({ cli })
})
afterAll(async () => {
  await service?.stop()
  await folder.remove()
})

describe("an agent whose CLI takes a prompt and nothing else", () => {
  it("says so in its model", async () => {
    const model = await managerOf(service)
    expect(model).toMatchObject({ id: "manager", owned_by: "exec", capabilities: plainCli.capabilities })
    const { data } = await service.client.models.list()
    expect(data).toEqual([model])
  })

  it("refuses functions by name, whole, streaming and in the background", async () => {
    const { client } = service
    const request = { model: "manager", input: "hello", tools: [weather] } satisfies Request
    for (const each of [
      client.responses.create(request),
      client.responses.create({ ...request, stream: true }),
      client.responses.create({ ...request, background: true }),
      client.chat.completions.create({
        model: "manager",
        messages: [{ role: "user", content: "hello" }],
        tools: [{ type: "function", function: { name: "weather", parameters } }],
      }),
    ]) {
      expect(await refusal(each)).toMatchObject({ status: 400, code: "invalid_request", param: "tools" })
    }
  })

  it("answers where its functions are not to be called", async () => {
    const response = await service.client.responses.create({
      model: "manager",
      input: "hello",
      tools: [weather],
      tool_choice: "none",
    })
    expect(response).toMatchObject({ status: "completed", tools: [{ name: "weather" }], tool_choice: "none" })
  })

  it("refuses a new image by the part that holds it, inline or by address", async () => {
    for (const url of [pixel, "https://example.com/never-fetched.png"]) {
      const chat = service.client.chat.completions.create({
        model: "manager",
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "hello" },
          { role: "assistant", content: "Hello." },
          {
            role: "user",
            content: [
              { type: "text", text: "what is it?" },
              { type: "image_url", image_url: { url } },
            ],
          },
        ],
      })
      expect(await refusal(chat)).toMatchObject({ code: "invalid_request", param: "messages[3].content[1]" })
      const response = service.client.responses.create({
        model: "manager",
        input: [{ role: "user", content: [{ type: "input_image", image_url: url, detail: "auto" }] }],
      })
      expect(await refusal(response)).toMatchObject({ param: "input[0].content[0]" })
    }
  })

  it("goes on in a conversation that has an image in its history", async () => {
    const answer = await service.client.chat.completions.create({
      model: "manager",
      messages: [
        { role: "user", content: [{ type: "image_url", image_url: { url: pixel } }] },
        { role: "assistant", content: "A pixel." },
        { role: "user", content: "thanks" },
      ],
    })
    expect(answer.choices[0]?.finish_reason).toBe("stop")
  })

  it("has a schema held by the service", async () => {
    const response = await service.client.responses.create({
      model: "manager",
      input: "hello",
      text: {
        format: {
          type: "json_schema",
          name: "one",
          schema: { type: "object", properties: { answer: { type: "number" } }, required: ["answer"] },
        },
      },
    })
    expect(JSON.parse(response.output_text)).toEqual({ answer: 1 })
  })

  it("names a reasoning effort as advisory", async () => {
    const { client } = service
    for (const [field, request] of [
      [
        "reasoning.effort",
        client.responses.create({ model: "manager", input: "hi", reasoning: { effort: "high" } }),
      ],
      [
        "reasoning_effort",
        client.chat.completions.create({
          model: "manager",
          messages: [{ role: "user", content: "hi" }],
          reasoning_effort: "low",
          stream: true,
        }),
      ],
    ] as const) {
      const { response } = await request.withResponse()
      expect(response.headers.get("x-advisory-parameters")).toBe(field)
      await response.body?.cancel().catch(() => {
        // The client has read it already.
      })
    }
  })
})

describe("the documentation of what agents can do", () => {
  it.each([
    ["codex", codexCli, { demoFallback: false }],
    ["demo", demoCli, { cli: "/nowhere/agent", demoFallback: true }],
    ["exec", jsonCli, { cli: "json-agent", demoFallback: false }],
  ])("is what an agent on %s says of itself", async (kind, { capabilities }, options) => {
    const { demoFallback } = options
    const named = "cli" in options ? options.cli : undefined
    const cli = named === "json-agent" ? jsonAgent() : named
    const other = await startTestService({ demoFallback, ...(cli !== undefined && { cli }) })
    try {
      const efforts = capabilities.reasoning_efforts
      expect(await managerOf(other)).toMatchObject({
        owned_by: kind,
        capabilities: {
          ...capabilities,
          reasoning_efforts: efforts === "by model" ? expect.any(Array) : efforts,
        },
      })
    } finally {
      await other.stop()
    }
  })
})

/** A program with the options of `codex exec`, and no app-server. */
function jsonAgent(): string {
  const file = join(folder.path, "json-agent")
  const options =
    "[PROMPT] (- reads stdin) --json -c, --config -m, --model -i, --image --output-schema --ephemeral"
  writeFileSync(
    file,
    `#!/bin/sh
case "$*" in
  *--help*) echo 'usage: exec ${options}' ;;
  --version) echo 'agent 1.2.3' ;;
  *) exit 2 ;;
esac
`,
  )
  chmodSync(file, 0o755)
  return file
}

type Request = OpenAI.Responses.ResponseCreateParamsNonStreaming
