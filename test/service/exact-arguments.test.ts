import { chmod, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { type CliName, cliNames, startCliService } from "../support/cli-service.ts"
import { askInChat, askInResponses, callsOf } from "../support/client-functions.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** What `JSON.parse` and `JSON.stringify` would write otherwise. */
const written =
  '{"city":"Oslo", "id":9007199254740993, "long":12345678901234567890, "ratio":1.0, "zero":-0, "rate":0.30000000000000004441, "b":1, "10":2}'
/** Both are no programs in JavaScript: over MCP they write the arguments anew, and integers up to 64 bits stay what they are. */
const parsedOnce = /"id":9007199254740993,.*"long":12345678901234567890\b/
const open = {
  type: "function" as const,
  name: "get_weather",
  description: "Weather",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: true,
  },
  strict: false,
}

interface Case {
  readonly name: string
  readonly cli: CliName
  readonly modelName?: string
  readonly exec?: true
  readonly told: string | RegExp
}

const cases: readonly Case[] = [
  { name: "codex", cli: "codex", told: written },
  { name: "codex with gpt-5.5", cli: "codex", modelName: "gpt-5.5", told: written },
  { name: "codex exec", cli: "codex", exec: true, told: parsedOnce },
  { name: "copilot", cli: "copilot", told: parsedOnce },
  { name: "claude", cli: "claude", told: written },
  // They are programs in JavaScript, and have parsed what they hand on.
  ...(["gemini", "opencode"] as const).map((cli) => ({
    name: cli,
    cli,
    told: JSON.stringify(JSON.parse(written)),
  })),
]

for (const { name, cli, modelName, exec, told } of cases) {
  const isMissing = cliNames.includes(cli) && cli !== "codex" && testCli(cli) === null
  describe.skipIf(isMissing)(isMissing ? missingCli(cli) : `the arguments of a call on ${name}`, () => {
    const cleanUps: (() => Promise<unknown>)[] = []
    let service: TestService

    beforeAll(async () => {
      if (exec === true) {
        const folder = await createTempDir("exec-codex")
        cleanUps.push(() => folder.remove())
        const file = join(folder.path, "codex-exec")
        await writeFile(
          file,
          `#!/bin/sh\n[ "$1" = app-server ] && exit 2\nexec "${codexExecutable()}" "$@"\n`,
        )
        await chmod(file, 0o755)
        service = await startTestService({ cli: file })
        cleanUps.push(() => service.stop())
      } else {
        const started = await startCliService(cli, modelName)
        service = started.service
        cleanUps.push(() => started.stop())
      }
    })
    afterAll(async () => {
      for (const cleanUp of cleanUps.toReversed()) await cleanUp()
    })

    it.runIf(cli === "claude")("and so does an answer that has a schema", async () => {
      const schema = {
        type: "object",
        properties: { id: { type: "integer" } },
        required: ["id"],
        additionalProperties: false,
      }
      const response = await service.client.responses.create({
        model: "manager",
        input: '[[say:{"id": 9007199254740993}]]',
        text: { format: { type: "json_schema", name: "answer", strict: true, schema } },
      })
      expect(response.output_text).toBe('{"id": 9007199254740993}')
    })

    it.each([true, false])("are numbers in steps of a hundredth (streams: %s)", async (streams) => {
      const price = { type: "number", multipleOf: 0.01 }
      const tools = [{ ...open, parameters: { type: "object", properties: { price } } }]
      const input = '[[tool:get_weather:{"price":19.99}]][[say:done]]'
      const response = await askInResponses(service.client, { input, tools }, streams)
      const chat = await askInChat(service.client, [{ role: "user", content: input }], streams, tools)
      expect(callsOf(response).map((call) => call.arguments)).toEqual(['{"price":19.99}'])
      expect(chat.choices[0]?.message.tool_calls).toHaveLength(1)
    })

    it.each([true, false])(
      "are integers of 64 bits where its schema, or that of an answer, has such bounds (streams: %s)",
      async (streams) => {
        const id = { type: "integer", minimum: -(2 ** 63), exclusiveMaximum: 2 ** 64 }
        const parameters = {
          type: "object",
          properties: { id },
          required: ["id"],
          additionalProperties: false,
        }
        const tools = [{ ...open, parameters }]
        const input = '[[tool:get_weather:{"id":9007199254740993}]][[say:done]]'
        const response = await askInResponses(service.client, { input, tools }, streams)
        const chat = await askInChat(service.client, [{ role: "user", content: input }], streams, tools)
        expect(callsOf(response).map((call) => JSON.parse(call.arguments))).toEqual([{ id: 2 ** 53 }])
        expect(chat.choices[0]?.message.tool_calls).toHaveLength(1)
        const answer = await service.client.responses.create({
          model: "manager",
          input: '[[say:{"id":30}]]',
          text: { format: { type: "json_schema", name: "answer", strict: true, schema: parameters } },
        })
        expect([answer.status, answer.output_text]).toEqual(["completed", '{"id":30}'])
      },
    )

    it.each([true, false])(
      "reach a client of either API as the model wrote them (streams: %s)",
      async (streams) => {
        const input = `[[tool:get_weather:${written}]][[say:done]]`
        const response = await askInResponses(service.client, { input, tools: [open] }, streams)
        const chat = await askInChat(service.client, [{ role: "user", content: input }], streams, [open])
        const seen = [
          ...callsOf(response).map((call) => call.arguments),
          ...(chat.choices[0]?.message.tool_calls ?? []).map((call) =>
            "function" in call ? call.function.arguments : "",
          ),
        ]
        expect(seen).toHaveLength(2)
        for (const text of seen) {
          if (typeof told === "string") expect(text).toBe(told)
          else expect(text).toMatch(told)
        }
      },
    )
  })
}
