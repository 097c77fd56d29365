import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { acpClis } from "../../src/backends/acp/clis.ts"
import {
  isSessionLost,
  modelError,
  openCodeTrouble,
  turnErrorOfPrompt,
} from "../../src/backends/acp/errors.ts"
import { claudeErrorOf } from "../../src/backends/claude/errors.ts"
import type { AssistantEvent, RateLimitEvent, ResultEvent } from "../../src/backends/claude/protocol.ts"
import { codexErrorOf } from "../../src/backends/codex/errors.ts"
import type { NativeTurnError } from "../../src/backends/codex/protocol.ts"
import { limitResetOf } from "../../src/backends/codex/protocol.ts"
import { RpcRefusedError } from "../../src/backends/kit/rpc/rpc-client.ts"
import type { TurnError } from "../../src/domain/errors.ts"
import { planResetsAt, type RefusalName } from "../model-server/refusals.ts"

/**
 * What each CLI told when the scripted model refused in its vendor's words (`[[refuse:NAME]]` and `[[drop]]`), recorded from the
 * real program; ids, ports and what is never looked at are left out.
 */
function recorded<Told>(cli: string, errorOf: (told: readonly Told[]) => TurnError): Errors {
  const file = new URL(`recordings/model-failures/${cli}.json`, import.meta.url)
  const { told }: { told: Record<string, Told[]> } = JSON.parse(readFileSync(file, "utf8"))
  return Object.entries(told).map(([refusal, events]) => [refusal, errorOf(events)])
}
type Errors = readonly (readonly [refusal: string, error: TurnError])[]

type Expected = readonly [code: string, modelStatus: number | null, reset?: "plan" | "told"]

const limit = ["rate_limit_exceeded", 429] as const
const usual: Readonly<Record<RefusalName | "drop", Expected>> = {
  "rate-limit": limit,
  "rate-limit-soon": [...limit, "told"],
  quota: ["insufficient_quota", 429],
  plan: ["insufficient_quota", 429],
  context: ["context_length_exceeded", 400],
  overloaded: ["server_is_overloaded", 503],
  key: ["agent_not_ready", 401],
  forbidden: ["agent_not_ready", 403],
  "no-model": ["model_refused", 404],
  server: ["model_error", 500],
  drop: ["model_error", null],
}

type CodexTold =
  | { readonly method: "error"; readonly params: { readonly error: NativeTurnError } }
  | {
      readonly method: "account/rateLimits/updated"
      readonly params: { readonly rateLimits: Parameters<typeof limitResetOf>[0] }
    }

function codexErrors(): Errors {
  return recorded<CodexTold>("codex", (told) => {
    const limits = told.find(({ method }) => method === "account/rateLimits/updated")
    const failure = told.find(({ method }) => method === "error")
    if (failure?.method !== "error") throw new Error("no error")
    const resetsAt =
      limits?.method === "account/rateLimits/updated" ? limitResetOf(limits.params.rateLimits) : null
    return codexErrorOf(failure.params.error, resetsAt)
  })
}

function codexExecErrors(): Errors {
  return recorded<{ readonly error: { readonly message: string } }>("codex-exec", ([told]) =>
    codexErrorOf({ message: told?.error.message ?? "", codexErrorInfo: "other" }),
  )
}

function claudeErrors(): Errors {
  return recorded<AssistantEvent | RateLimitEvent | ResultEvent>("claude", (told) => {
    const said = told.find((event) => event.type === "assistant")
    const plan = told.find((event) => event.type === "rate_limit_event")
    const result = told.find((event) => event.type === "result")
    if (result === undefined) throw new Error("no result")
    return claudeErrorOf(result, {
      errorName: said?.error ?? null,
      rateLimit: plan?.rate_limit_info ?? null,
    })
  })
}

interface AcpTold {
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
  readonly stderr?: string
  readonly chunk?: string
}

function acpErrors(name: string): Errors {
  const cli = acpClis.get(name)
  if (cli === undefined) throw new Error(`no ${name}`)
  return recorded<AcpTold>(name, (told) => {
    const { error, stderr, chunk } = told[0] ?? {}
    if (error !== undefined) {
      const refused = new RpcRefusedError("session/prompt", error.code, error.message, error.data)
      expect(isSessionLost(refused)).toBe(false)
      return turnErrorOfPrompt(refused, cli)
    }
    return modelError(chunk ?? openCodeTrouble(stderr ?? "")?.reason ?? "", null, cli)
  })
}

/** Per CLI, and where it tells another thing than the others. */
const clis: Readonly<
  Record<string, { readonly errors: Errors; readonly unlike: Readonly<Record<string, Expected>> }>
> = {
  // It does not pass `Retry-After` on.
  codex: {
    errors: codexErrors(),
    unlike: { "rate-limit-soon": limit, plan: ["insufficient_quota", 429, "plan"] },
  },
  "codex exec": {
    errors: codexExecErrors(),
    unlike: {
      "rate-limit-soon": limit,
      quota: ["insufficient_quota", 429],
      plan: ["insufficient_quota", 429, "told"],
    },
  },
  claude: {
    errors: claudeErrors(),
    unlike: {
      "rate-limit-soon": limit,
      quota: ["insufficient_quota", 400],
      // With a key it does not look at what the server says of a plan.
      plan: limit,
      "account plan": ["insufficient_quota", 429, "plan"],
      "account rate-limit-soon": limit,
      "account key": ["agent_not_ready", 401],
      overloaded: ["server_is_overloaded", 529],
    },
  },
  gemini: {
    errors: acpErrors("gemini"),
    unlike: {
      plan: ["insufficient_quota", 429, "told"],
      key: ["agent_not_ready", 400],
      // It has 500 for what it does not know.
      drop: ["model_error", 500],
    },
  },
  // It tells words, and no status.
  opencode: { errors: acpErrors("opencode"), unlike: { server: ["model_error", null] } },
  copilot: { errors: acpErrors("copilot"), unlike: {} },
}

describe.each(Object.entries(clis))("what %s tells of a model that refuses", (_name, { errors, unlike }) => {
  it.each(errors)("becomes the true code, status and reset: %s", (refusal, error) => {
    const [code, modelStatus, reset] = unlike[refusal] ?? usual[refusal as RefusalName] ?? []
    expect(error).toMatchObject({ code, modelStatus })
    expect(error.message).not.toMatch(/^\{|undefined/)
    if (reset === undefined) expect(error.resetsAt).toBeUndefined()
    else expect(error.message).toMatch(/The limit begins anew at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.$/)
    if (reset === "plan") expect(error.resetsAt).toBe(planResetsAt * 1_000)
  })
})
