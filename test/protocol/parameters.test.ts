import { readFileSync } from "node:fs"
import type { ResponseCreateParamsStreaming as BetaResponseCreateParamsStreaming } from "openai/resources/beta/responses/responses"
import type { ChatCompletionCreateParamsStreaming } from "openai/resources/chat/completions"
import type {
  ResponseCreateParamsStreaming,
  ResponsesClientEvent,
} from "openai/resources/responses/responses"
import { describe, expect, it } from "vitest"
import { apiDocs, apiDocsPath } from "../../scripts/write-api-docs.ts"
import { chatParameters } from "../../src/protocol/chat/parameters.ts"
import { parseChatRequest } from "../../src/protocol/chat/request.ts"
import type { Parameter } from "../../src/protocol/common/parameters.ts"
import { responsesParameters } from "../../src/protocol/responses/parameters.ts"
import { parseResponsesRequest } from "../../src/protocol/responses/request.ts"

// The compiler keeps these two complete: a new parameter of the official client is an error here until it is listed.
const documentedByOpenAiResponses: Record<keyof ResponseCreateParamsStreaming, true> = {
  access_programs: true,
  background: true,
  context_management: true,
  conversation: true,
  image: true,
  include: true,
  input: true,
  instructions: true,
  max_output_tokens: true,
  max_tool_calls: true,
  metadata: true,
  model: true,
  moderation: true,
  parallel_tool_calls: true,
  previous_response_id: true,
  prompt: true,
  prompt_cache_key: true,
  prompt_cache_options: true,
  prompt_cache_retention: true,
  reasoning: true,
  safety_identifier: true,
  service_tier: true,
  store: true,
  stream: true,
  stream_options: true,
  temperature: true,
  text: true,
  tool_choice: true,
  tools: true,
  top_logprobs: true,
  top_p: true,
  truncation: true,
  user: true,
}

const documentedByOpenAiChat: Record<keyof ChatCompletionCreateParamsStreaming, true> = {
  audio: true,
  frequency_penalty: true,
  function_call: true,
  functions: true,
  logit_bias: true,
  logprobs: true,
  max_completion_tokens: true,
  max_tokens: true,
  messages: true,
  metadata: true,
  modalities: true,
  model: true,
  moderation: true,
  n: true,
  parallel_tool_calls: true,
  prediction: true,
  presence_penalty: true,
  prompt_cache_key: true,
  prompt_cache_options: true,
  prompt_cache_retention: true,
  reasoning_effort: true,
  response_format: true,
  safety_identifier: true,
  seed: true,
  service_tier: true,
  stop: true,
  store: true,
  stream: true,
  stream_options: true,
  temperature: true,
  tool_choice: true,
  tools: true,
  top_logprobs: true,
  top_p: true,
  user: true,
  verbosity: true,
  web_search_options: true,
}

// Of messages on a WebSocket, and of the beta API: by mistake they are sent to the others, too.
type OnSocketsOnly = Exclude<
  keyof ResponsesClientEvent.ResponseCreate,
  keyof ResponseCreateParamsStreaming | "type"
>
type InBetaOnly = Exclude<
  keyof BetaResponseCreateParamsStreaming,
  keyof ResponseCreateParamsStreaming | "betas"
>
const documentedElsewhere: Record<OnSocketsOnly | InBetaOnly, true> = {
  generate: true,
  multi_agent: true,
  stream_id: true,
}

/** What Open Responses 2026-04-24 has beyond OpenAI's document. */
const documentedByOpenResponses = ["presence_penalty", "frequency_penalty"]

const endpoints = [
  {
    endpoint: "/v1/responses",
    table: responsesParameters,
    documented: [
      ...Object.keys(documentedByOpenAiResponses),
      ...documentedByOpenResponses,
      ...Object.keys(documentedElsewhere),
    ],
    parse: parseResponsesRequest,
    minimal: { model: "manager", input: "hello" },
  },
  {
    endpoint: "/v1/chat/completions",
    table: chatParameters,
    documented: [...Object.keys(documentedByOpenAiChat), ...Object.keys(documentedElsewhere), "include"],
    parse: parseChatRequest,
    minimal: { model: "manager", messages: [{ role: "user", content: "hello" }] },
  },
]

const namesOf = (table: readonly Parameter[]) => table.map(({ name }) => name)

describe.each(endpoints)("the parameters of $endpoint", ({ table, documented, parse, minimal }) => {
  it("have one row for each that is documented, and none for any other", () => {
    expect(namesOf(table).toSorted()).toEqual(documented.toSorted())
  })

  it.each(namesOf(table))("take null for %s as absent, or say that it is missing", (name) => {
    const body = { ...minimal, [name]: null }
    if (name === "input" || name === "messages") {
      expect(() => parse(body)).toThrow(expect.objectContaining({ code: "invalid_request", param: name }))
    } else {
      expect(parse(body).advisory).toEqual([])
    }
  })

  it.each(table.filter(({ kind }) => kind === "refused").map(({ name }) => name))(
    "refuse %s with an error that names it",
    (name) => {
      const body = { ...minimal, [name]: { some: "thing" } }
      expect(() => parse(body)).toThrow(expect.objectContaining({ code: "invalid_request", param: name }))
    },
  )

  it.each(table.filter(({ kind }) => kind === "advisory").map(({ name }) => name))(
    "check the form of %s",
    (name) => {
      expect(() => parse({ ...minimal, [name]: Symbol.iterator })).toThrow(
        expect.objectContaining({ code: "invalid_request", param: name }),
      )
    },
  )
})

it.each([
  ["Responses", parseResponsesRequest, { input: "x" }],
  ["chat", parseChatRequest, { messages: [{ role: "user", content: "x" }] }],
] as const)(
  "a safety_identifier of 128 characters passes in %s, a longer one does not",
  (_api, parse, body) => {
    expect(parse({ ...body, safety_identifier: "x".repeat(128) }).advisory).toEqual(["safety_identifier"])
    expect(() => parse({ ...body, safety_identifier: "x".repeat(129) })).toThrow(/128/)
  },
)

describe("the documentation of the API", () => {
  it("is what the tables say; `node scripts/write-api-docs.ts` writes it anew", () => {
    expect(readFileSync(apiDocsPath, "utf8")).toBe(apiDocs())
  })
})
