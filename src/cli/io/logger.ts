import { createInterface } from "node:readline"
import { Readable } from "node:stream"
import { type Logger, levels, pino, stdSerializers } from "pino"
import type { PrettyOptions, PrettyStream } from "pino-pretty"
import { ConfigError } from "../../config/config.ts"
import { explain } from "../../domain/agents.ts"
import { formatDuration } from "../../domain/duration.ts"
import { ProxyError } from "../../domain/errors.ts"
import { escapeControls, showControls } from "../../domain/visible-controls.ts"
import { printable } from "./print.ts"

/** Characters of one text in a line: what programs say and clients ask for may be of any length. */
const maxTextLength = 2_000
/** The same of an error with its stack. */
const maxErrorLength = 8_000

/** For pino-pretty. */
const linesForPeople = {
  hideObject: true,
  ignore: "pid,hostname",
  messageFormat: (entry: Record<string, unknown>) => logLine(entry),
} as const

/**
 * JSON lines, or readable lines in a terminal, on stderr: stdout is for data. Nothing that is
 * logged anywhere may hold a prompt, an answer or a key; the redaction is a second line of defence.
 * Whatever a client or a program put into a line, it neither ends it nor moves the terminal that
 * shows it.
 */
export async function createLogger(output: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Promise<Logger> {
  const isReadable = output.isTTY === true
  const options = {
    level: levelOf(env.AI_AGENT_PROXY_LOG_LEVEL),
    base: null,
    redact: ["authorization", "apiKey", "*.authorization", "*.apiKey"],
    formatters: { log: withShortTexts },
    serializers: { err: shortError },
    // The readable form is made of the JSON line, and shows its texts as they are.
    hooks: { streamWrite: isReadable ? showControls : escapeControls },
  }
  if (!isReadable) return pino(options, output)
  return pino(
    options,
    await linesInColor(env, { destination: output, sync: true, translateTime: "HH:MM:ss" }),
  )
}

/** Takes lines of the log, and writes them for a person. */
export async function linesInColor(env: NodeJS.ProcessEnv, options: PrettyOptions): Promise<PrettyStream> {
  // Loaded only where somebody looks: it costs memory that a service does not need.
  const { default: pretty } = await import("pino-pretty")
  return pretty({ ...linesForPeople, colorize: (env.NO_COLOR ?? "") === "", ...options })
}

function withShortTexts(fields: Record<string, unknown>): Record<string, unknown> {
  const isShort = Object.values(fields).every(
    (value) => typeof value !== "string" || value.length <= maxTextLength,
  )
  if (isShort) return fields
  const entries = Object.entries(fields)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "string" ? cut(value, maxTextLength) : value]),
  )
}

/** Of what was thrown, whatever it is. */
function shortError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === "string" ? cut(error, maxErrorLength) : error
  const { type, message, stack } = stdSerializers.err(error)
  return {
    type,
    ...("code" in error && { code: error.code }),
    message: cut(message, maxErrorLength),
    ...(!isCatalogued(error) && { stack: cut(stack ?? "", maxErrorLength) }),
  }
}

/** What the catalogue has a word for is no fault of the program: its stack is of no use. */
function isCatalogued(error: Error): boolean {
  return error instanceof ProxyError && error.code !== "internal_error"
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text
  return `${text.slice(0, length).toWellFormed()}… (${text.length - length} characters more)`
}

function levelOf(value: string | undefined): string {
  if (value === undefined || value === "") return "info"
  const known = [...Object.keys(levels.values), "silent"]
  if (known.includes(value)) return value
  const problem = `'${value}' is not a log level; possible are ${known.join(", ")}.`
  throw new ConfigError("AI_AGENT_PROXY_LOG_LEVEL", null, problem)
}

type Entry = Readonly<Record<string, unknown>>

/** Of pino itself, and of what stands in front of the line. */
const unsaid: ReadonlySet<string> = new Set(["level", "time", "msg", "pid", "hostname", "err"])

const states: Readonly<Record<string, string>> = {
  completed: "answered",
  failed: "FAILED",
  incomplete: "stopped short",
  cancelled: "was interrupted",
}

/** An entry of the log for people, without time and level; a fault of the program has its stack. */
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

/**
 * Lines of a log, for a program that shows their texts to a person. They are JSON, but for what
 * others wrote; no word in them moves the terminal.
 */
export function readableLines(source: Readable): Readable {
  const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })
  const readable = async function* (): AsyncGenerator<string> {
    for await (const line of lines) yield `${showControls(printable(line))}\n`
  }
  return Readable.from(readable())
}
