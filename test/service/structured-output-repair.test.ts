import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type OpenAI from "openai"
import type { ResponseFormatTextConfig } from "openai/resources/responses/responses"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

const properties = { answer: { type: "string" } }
const strict = { type: "object", properties, required: ["answer"], additionalProperties: false }
const good = '{"answer":"yes"}'

const strictFormat: ResponseFormatTextConfig = {
  type: "json_schema",
  name: "answer",
  schema: strict,
  strict: true,
}
const objectFormat: ResponseFormatTextConfig = { type: "json_object" }

/** The same form, as chat completions want it. */
function chatFormOf(format: ResponseFormatTextConfig) {
  return format === strictFormat
    ? {
        type: "json_schema" as const,
        json_schema: { name: "answer", schema: strict, strict: true },
      }
    : { type: "json_object" as const }
}

/** Answers with the right form only when it is told that the first answer cannot be used, or never. */
const program = `#!/bin/sh
[ "$2" = "--help" ] && { echo 'usage: exec [PROMPT]'; exit 0; }
if [ "$1" = exec ]; then for prompt in "$@"; do :; done; else prompt=$(cat); fi
printf . >> "$(dirname "$0")/runs"
case "$prompt" in
  *"Free again."*) echo 'free' ;;
  *stubborn*) echo 'I would rather not.' ;;
  *"Your answer cannot be used"*) echo '${good}' ;;
  *number*) echo '{"answer":1}' ;;
  *) echo '["yes"]' ;;
esac
`

describe.each([
  { backend: "exec", model: "manager" },
  { backend: "command", model: "writer" },
])("a structured answer over a CLI without schemas, by $backend", ({ backend, model }) => {
  let folder: TempDir
  let service: TestService
  let client: OpenAI
  const runs = () => readFileSync(join(folder.path, "runs"), "utf8").length

  beforeAll(async () => {
    folder = await createTempDir("no-schemas")
    const cli = join(folder.path, "agent")
    writeFileSync(cli, program, { mode: 0o755 })
    service = await startTestService({ cli })
    client = service.client
    if (model !== "manager") {
      await service.roster.hire({ role: model, name: null, settings: { cli, backend } })
    }
    await waitFor(() => service.roster.list().find(({ id }) => id === model)?.capabilities, {
      what: "the CLI to be known",
      timeoutMs: 30_000,
    })
    expect(service.roster.list().find(({ id }) => id === model)).toMatchObject({
      backend,
      capabilities: { hasOutputSchema: false },
    })
  })
  afterAll(async () => {
    await service.stop()
    await folder.remove()
  })
  beforeEach(() => writeFileSync(join(folder.path, "runs"), ""))

  it.each([
    ["a strict schema", "as a number", strictFormat],
    ["json_object", "as a list", objectFormat],
  ])(
    "that is wrong once is corrected by the agent, with %s, whole and streamed",
    async (_name, input, format) => {
      const request = { model, input, text: { format } }
      const whole = await client.responses.create(request)
      expect(whole).toMatchObject({ status: "completed", output_text: good })
      expect(runs()).toBe(2)
      const deltas: string[] = []
      const stream = client.responses
        .stream(request)
        .on("response.output_text.delta", ({ delta }) => deltas.push(delta))
      expect((await stream.finalResponse()).output_text).toBe(good)
      expect(deltas.join("")).toBe(good)
      expect(runs()).toBe(4)
      const inChat = {
        model,
        messages: [{ role: "user" as const, content: input }],
        response_format: chatFormOf(format),
      }
      const chat = await client.chat.completions.create(inChat)
      expect(chat.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: good } })
      const chatStream = client.chat.completions.stream(inChat)
      expect((await chatStream.finalChatCompletion()).choices[0]?.message.content).toBe(good)
      expect(runs()).toBe(8)
      // The form was asked for one answer.
      const next = await client.responses.create({
        model,
        previous_response_id: whole.id,
        input: "Free again.",
      })
      expect(next.output_text.trim()).toBe("free")
    },
  )

  it.each([
    ["a strict schema", strictFormat],
    ["json_object", objectFormat],
  ])("that is always wrong is an error and never a wrong answer, with %s", async (_name, format) => {
    const request = { model, input: "Be stubborn.", text: { format } }
    await expect(client.responses.create(request)).rejects.toMatchObject({
      status: 400,
      code: "answer_format_mismatch",
    })
    expect(runs()).toBe(2)
    const deltas: string[] = []
    const stream = client.responses
      .stream(request)
      .on("response.output_text.delta", ({ delta }) => deltas.push(delta))
    await expect(stream.finalResponse()).rejects.toMatchObject({ code: "answer_format_mismatch" })
    expect(deltas).toEqual([])
    const inChat = {
      model,
      messages: [{ role: "user" as const, content: request.input }],
      response_format: chatFormOf(format),
    }
    await expect(client.chat.completions.create(inChat)).rejects.toMatchObject({
      status: 400,
      code: "answer_format_mismatch",
    })
    const pieces: string[] = []
    const chatStream = client.chat.completions.stream(inChat).on("content", (piece) => pieces.push(piece))
    await expect(chatStream.finalContent()).rejects.toMatchObject({ code: "answer_format_mismatch" })
    expect(pieces).toEqual([])
    expect(runs()).toBe(8)
  })
})
