import type { ServerResponse } from "node:http"
import { sendJson } from "./send-answer.ts"
import type { JsonObject } from "./wire.ts"

/** How a model server refuses, in the vendor's own status, headers and words. */
export interface Refusal {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: JsonObject
}

/** The API whose vendor it is. */
export type WireName = "responses" | "chat" | "messages" | "gemini"

export const refusalNames = [
  "rate-limit",
  "rate-limit-soon",
  "quota",
  "plan",
  "context",
  "overloaded",
  "key",
  "forbidden",
  "no-model",
  "server",
] as const
export type RefusalName = (typeof refusalNames)[number]

/** When a used-up plan begins anew, in seconds of the epoch: fixed, so that a test can name it. */
export const planResetsAt = 4_102_444_800

/** What `rate-limit-soon` asks for; `rate-limit` names no time. */
const soonSeconds = 7

export function isRefusalName(name: string): name is RefusalName {
  return (refusalNames as readonly string[]).includes(name)
}

export function sendRefusal(response: ServerResponse, wire: WireName, name: RefusalName): void {
  const { status, headers = {}, body } = refusals[wire][name]
  for (const [header, value] of Object.entries(headers)) response.setHeader(header, value)
  sendJson(response, status, body)
}

const openai = (status: number, error: JsonObject, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers,
  body: { error: { param: null, code: null, ...error } },
})

const rateLimited = {
  message:
    "Rate limit reached for scripted-1 in organization org-x on tokens per min (TPM): Limit 30000, Used 29500, Requested 900. Please try again in 7s. Visit https://platform.openai.com/account/rate-limits to learn more.",
  type: "tokens",
  code: "rate_limit_exceeded",
}

/** https://platform.openai.com/docs/guides/error-codes, and what codex's own tests expect of ChatGPT's server. */
const responses: Readonly<Record<RefusalName, Refusal>> = {
  "rate-limit": openai(429, { ...rateLimited, message: "Rate limit reached for requests" }),
  "rate-limit-soon": openai(429, rateLimited, { "retry-after": String(soonSeconds) }),
  quota: openai(429, {
    message:
      "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
    type: "insufficient_quota",
    code: "insufficient_quota",
  }),
  plan: {
    status: 429,
    headers: {
      "x-codex-primary-used-percent": "100",
      "x-codex-primary-window-minutes": "300",
      "x-codex-primary-reset-at": String(planResetsAt),
    },
    body: {
      error: {
        type: "usage_limit_reached",
        message: "The usage limit has been reached",
        plan_type: "plus",
        resets_at: planResetsAt,
        resets_in_seconds: 3_600,
      },
    },
  },
  context: openai(400, {
    message: "Your input exceeds the context window of this model. Please adjust your input and try again.",
    type: "invalid_request_error",
    param: "input",
    code: "context_length_exceeded",
  }),
  overloaded: openai(503, {
    message: "Our servers are currently overloaded. Please try again later.",
    type: "service_unavailable_error",
    code: "server_is_overloaded",
  }),
  key: openai(401, {
    message:
      "Incorrect API key provided: scripted-key. You can find your API key at https://platform.openai.com/account/api-keys.",
    type: "invalid_request_error",
    code: "invalid_api_key",
  }),
  forbidden: openai(403, {
    message: "Country, region, or territory not supported",
    type: "request_forbidden",
    code: "unsupported_country_region_territory",
  }),
  "no-model": openai(404, {
    message: "The model `scripted-1` does not exist or you do not have access to it.",
    type: "invalid_request_error",
    code: "model_not_found",
  }),
  server: openai(500, {
    message: "The server had an error while processing your request. Sorry about that!",
    type: "server_error",
  }),
}

const chat: Readonly<Record<RefusalName, Refusal>> = {
  ...responses,
  context: openai(400, {
    message:
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130012 tokens. Please reduce the length of the messages.",
    type: "invalid_request_error",
    param: "messages",
    code: "context_length_exceeded",
  }),
}

const anthropic = (
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
) => ({ status, headers, body: { type: "error", error: { type, message }, request_id: "req_scripted" } })

const tokensPerMinute =
  "This request would exceed your organization's rate limit of 50,000 input tokens per minute (org: org-x, model: scripted-1). For details, refer to: https://docs.claude.com/en/api/rate-limits."

/** https://docs.claude.com/en/api/errors and /rate-limits. */
const messages: Readonly<Record<RefusalName, Refusal>> = {
  "rate-limit": anthropic(429, "rate_limit_error", tokensPerMinute),
  "rate-limit-soon": anthropic(429, "rate_limit_error", tokensPerMinute, {
    "retry-after": String(soonSeconds),
  }),
  quota: anthropic(
    400,
    "invalid_request_error",
    "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
  ),
  plan: anthropic(
    429,
    "rate_limit_error",
    "This request would exceed your account's rate limit. Please try again later.",
    {
      "anthropic-ratelimit-unified-status": "rejected",
      "anthropic-ratelimit-unified-reset": String(planResetsAt),
      "anthropic-ratelimit-unified-representative-claim": "five_hour",
      "anthropic-ratelimit-unified-5h-status": "rejected",
      "anthropic-ratelimit-unified-5h-reset": String(planResetsAt),
      "retry-after": "3600",
    },
  ),
  context: anthropic(400, "invalid_request_error", "prompt is too long: 210012 tokens > 200000 maximum"),
  overloaded: anthropic(529, "overloaded_error", "Overloaded"),
  key: anthropic(401, "authentication_error", "invalid x-api-key"),
  forbidden: anthropic(
    403,
    "permission_error",
    "Your API key does not have permission to use the specified resource.",
  ),
  "no-model": anthropic(404, "not_found_error", "model: scripted-1"),
  server: anthropic(500, "api_error", "Internal server error"),
}

const google = (code: number, status: string, message: string, details: readonly JsonObject[] = []) => ({
  status: code,
  body: { error: { code, message, status, ...(details.length === 0 ? {} : { details }) } },
})

const quotaText =
  "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."

const violated = (quotaId: string, quotaValue: string): JsonObject => ({
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: [
    {
      quotaMetric: "generativelanguage.googleapis.com/generate_content_free_tier_requests",
      quotaId,
      quotaDimensions: { location: "global", model: "gemini-2.5-flash" },
      quotaValue,
    },
  ],
})

const retryIn = (seconds: number): JsonObject => ({
  "@type": "type.googleapis.com/google.rpc.RetryInfo",
  retryDelay: `${seconds}s`,
})

/** https://ai.google.dev/gemini-api/docs/troubleshooting; a key that is refused is a 400 there. */
const gemini: Readonly<Record<RefusalName, Refusal>> = {
  "rate-limit": google(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
  "rate-limit-soon": google(429, "RESOURCE_EXHAUSTED", `${quotaText}\nPlease retry in ${soonSeconds}.2s.`, [
    violated("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "10"),
    retryIn(soonSeconds),
  ]),
  quota: google(429, "RESOURCE_EXHAUSTED", `${quotaText}\nPlease retry in 12h.`, [
    violated("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "250"),
    retryIn(43_200),
  ]),
  plan: google(
    429,
    "RESOURCE_EXHAUSTED",
    "You have exhausted your capacity on this model. Your quota will reset after 3h20m10s.",
    [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "QUOTA_EXHAUSTED",
        domain: "cloudcode-pa.googleapis.com",
        metadata: { model: "gemini-2.5-flash", quotaResetDelay: "3h20m10s" },
      },
      retryIn(12_010),
    ],
  ),
  context: google(
    400,
    "INVALID_ARGUMENT",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
  ),
  overloaded: google(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
  key: google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [
    {
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      reason: "API_KEY_INVALID",
      domain: "googleapis.com",
      metadata: { service: "generativelanguage.googleapis.com" },
    },
  ]),
  forbidden: google(403, "PERMISSION_DENIED", "Your project has been denied access. Please contact support."),
  "no-model": google(
    404,
    "NOT_FOUND",
    "models/gemini-2.5-flash is not found for API version v1beta, or is not supported for generateContent.",
  ),
  server: google(
    500,
    "INTERNAL",
    "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
  ),
}

const refusals: Readonly<Record<WireName, Readonly<Record<RefusalName, Refusal>>>> = {
  responses,
  chat,
  messages,
  gemini,
}
