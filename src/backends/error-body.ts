/** What the body of a refusal tells, in the forms of OpenAI, Anthropic, Google and ChatGPT. */
export interface ErrorBody {
  /** Null: it has none. */
  readonly message: string | null
  /** The vendor's word for it: `code`, `type`, Google's `reason`. */
  readonly code: string | null
  readonly status: number | null
  /** In milliseconds of the epoch. */
  readonly resetsAt: number | null
}

/** The body that a CLI passes on as its message; null: the message is no such body. */
export function errorBodyOf(text: string): ErrorBody | null {
  if (!text.startsWith("{")) return null
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    // A message that merely begins with a brace.
    return null
  }
  const outer = recordOf(body)
  const error = recordOf(outer.error)
  const reasons = listOf(error.details).map((detail) => recordOf(detail).reason)
  const words = [...reasons, error.code, error.type, error.status].filter((word) => typeof word === "string")
  const message = error.message ?? outer.message ?? outer.detail
  const statuses = [outer.status, error.code, error.status].filter(isStatus)
  const resetsAt = error.resets_at
  return {
    message: typeof message === "string" ? message : null,
    code: words.length === 0 ? null : words.join(" "),
    status: statuses[0] ?? null,
    resetsAt: typeof resetsAt === "number" ? resetsAt * 1_000 : null,
  }
}

function isStatus(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 400 && value < 600
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {}
}
