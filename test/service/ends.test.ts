import type { ChatCompletion } from "openai/resources/chat/completions"
import type { Response } from "openai/resources/responses/responses"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { type CliName, startCliService } from "../support/cli-service.ts"
import { askInResponses } from "../support/client-functions.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import type { TestService } from "../support/test-service.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** How a request ended, as its client sees it: the status or error, the reason, and the text. */
type End = readonly [status: string, text: string]

async function inResponses(service: TestService, input: string, streams: boolean): Promise<End> {
  const text = ({ output_text: text }: Response) => text
  try {
    const response = await askInResponses(service.client, { input, tools: [] }, streams)
    const { status, incomplete_details: details, error } = response
    return [[status, details?.reason, error?.code].filter(Boolean).join(" "), text(response)]
  } catch (error) {
    return [`error ${String(error)}`, ""]
  }
}

async function inChat(service: TestService, input: string, streams: boolean): Promise<End> {
  const body = { model: "manager", messages: [{ role: "user" as const, content: input }] }
  try {
    // Not by the helper of the SDK, which throws for what is cut.
    if (!streams) {
      const completion: ChatCompletion = await service.client.chat.completions.create(body)
      const choice = completion.choices[0]
      return [choice?.finish_reason ?? "", choice?.message.content ?? ""]
    }
    let text = ""
    let reason = ""
    for await (const { choices } of await service.client.chat.completions.create({ ...body, stream: true })) {
      text += choices[0]?.delta.content ?? ""
      reason = choices[0]?.finish_reason ?? reason
    }
    return [reason, text]
  } catch (error) {
    return [`error ${String(error)}`, ""]
  }
}

const half = "half"
const words = { answer: "[[say:half]]", refusal: "[[say:half]][[end:refusal]]" }
const whole = ["completed", "stop"] as const
const length = ["incomplete max_output_tokens", "length"] as const
const filter = ["incomplete content_filter", "content_filter"] as const
const nothing = /^error .*ended its turn without an answer/

interface Case {
  readonly cli: CliName
  readonly input: string
  /** In Responses and in chat. */
  readonly told: readonly [string | RegExp, string | RegExp]
  readonly text: string
}

/** Only what the CLI itself tells can be told; the rest is in `docs/ends.md`. */
const cases: readonly Case[] = [
  { cli: "codex", input: words.answer, told: whole, text: half },
  { cli: "codex", input: "[[say:half]][[end:length]]", told: length, text: half },
  { cli: "codex", input: "[[say:half]][[end:filter]]", told: filter, text: half },
  // codex tells no word of it.
  { cli: "codex", input: words.refusal, told: filter, text: "" },
  { cli: "codex", input: "[[end:nothing]]", told: [nothing, nothing], text: "" },
  { cli: "codex", input: "[[reason:Hm.]][[end:nothing]]", told: [nothing, nothing], text: "" },
  { cli: "claude", input: words.answer, told: whole, text: half },
  { cli: "claude", input: words.refusal, told: filter, text: half },
  { cli: "gemini", input: words.answer, told: whole, text: half },
  { cli: "gemini", input: "[[end:nothing]]", told: [nothing, nothing], text: "" },
  { cli: "opencode", input: words.answer, told: whole, text: half },
  { cli: "opencode", input: words.refusal, told: filter, text: half },
  { cli: "opencode", input: "[[end:nothing]]", told: [nothing, nothing], text: "" },
]

for (const cli of ["codex", "claude", "gemini", "opencode"] as const) {
  const isMissing = cli !== "codex" && testCli(cli) === null
  describe.skipIf(isMissing)(isMissing ? missingCli(cli) : `the end of a turn on ${cli}`, () => {
    let service: TestService
    let stop: () => Promise<void>
    beforeAll(async () => {
      const started = await startCliService(cli)
      service = started.service
      stop = started.stop
    })
    afterAll(() => stop())

    it.each(cases.filter((each) => each.cli === cli))(
      "is told as it is in both APIs, whole and streamed: $input",
      async ({ input, told: [inAnswer, asReason], text }) => {
        for (const streams of [false, true]) {
          const response = await inResponses(service, input, streams)
          expect(response).toEqual([matching(inAnswer), text])
          expect(await inChat(service, input, streams)).toEqual([matching(asReason), text])
        }
      },
    )
  })
}

function matching(told: string | RegExp): unknown {
  return typeof told === "string" ? told : expect.stringMatching(told)
}
