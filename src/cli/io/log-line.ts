import { explain } from "../../domain/backend.ts"
import { formatDuration } from "../../domain/duration.ts"

type Entry = Readonly<Record<string, unknown>>

/** Of pino itself, and of what stands in front of the line. */
const unsaid: ReadonlySet<string> = new Set(["level", "time", "msg", "pid", "hostname", "err"])

const states: Readonly<Record<string, string>> = {
  completed: "answered",
  failed: "FAILED",
  incomplete: "stopped short",
  cancelled: "was interrupted",
}

/** An entry of the log as one line for people, without time and level; a fault of the program has its stack below it. */
export function logLine(entry: Entry): string {
  const { msg } = entry
  if (msg === "turn" && typeof entry.agent === "string") return turnLine(entry)
  if (msg === "agent ready") return `${entry.agent} is ready${inBrackets(entry.program)}`
  if (msg === "agent not ready") {
    const { reason, nextStep } = entry
    const problem = {
      isReady: false,
      reason: String(reason),
      nextStep: String(nextStep),
      detail: null,
    } as const
    return `${entry.agent} is NOT READY: ${explain(problem)}`
  }
  const facts = Object.entries(entry).flatMap(([name, value]) =>
    unsaid.has(name) || value === null || value === false ? [] : [`${name}=${shown(value)}`],
  )
  return [String(msg ?? ""), ...facts].join("  ") + errorOf(entry.err)
}

function turnLine({ agent, status, code, modelStatus, durationMs, ...rest }: Entry): string {
  const reason = code === undefined ? "" : inBrackets([code, modelStatus].filter(Boolean).join(" "))
  const parts = [
    `${agent} ${states[String(status)] ?? status}${reason} in ${seconds(Number(durationMs))}`,
    ...(rest.inputTokens === undefined ? [] : [`${rest.inputTokens} tokens in, ${rest.outputTokens} out`]),
    ...(rest.sideRequest === undefined
      ? []
      : [rest.sideRequest === "likely" ? "likely a side request" : "side request"]),
    String(rest.response),
  ]
  return parts.join("  ")
}

function seconds(durationMs: number): string {
  return durationMs < 60_000 ? `${(durationMs / 1000).toFixed(1)} s` : formatDuration(durationMs)
}

function inBrackets(value: unknown): string {
  return typeof value === "string" && value !== "" ? ` (${value})` : ""
}

function shown(value: unknown): string {
  if (typeof value === "number") return String(Math.round(value))
  if (typeof value === "string" && /^\S+$/.test(value)) return value
  return JSON.stringify(value) ?? "undefined"
}

function errorOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return ""
  const { code, message, stack } = { code: "", message: "", stack: "", ...error }
  return `: ${message}${inBrackets(code)}${stack === "" ? "" : `\n${stack}`}`
}
