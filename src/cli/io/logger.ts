import { type Logger, levels, pino, stdSerializers } from "pino"
import { ConfigError } from "../../config/config-error.ts"
import { ProxyError } from "../../domain/errors.ts"
import { escapeControls, showControls } from "../../domain/visible-controls.ts"
import { logLine } from "./log-line.ts"

/** Characters of one text in a line: what a program said or a client asked for may be of any length. */
const maxTextLength = 2_000
/** The same of an error with its stack. */
const maxErrorLength = 8_000

/** For pino-pretty. */
export const linesForPeople = {
  hideObject: true,
  ignore: "pid,hostname",
  messageFormat: (entry: Record<string, unknown>) => logLine(entry),
} as const

/**
 * JSON lines, or readable lines in a terminal, on stderr: stdout is for data. Nothing that is logged anywhere may hold a
 * prompt, an answer or a key; the redaction is a second line of defence. Whatever a client or a program put into a line, it
 * neither ends it nor moves the terminal that shows it.
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
  // Loaded only where somebody looks: it costs memory that a service does not need.
  const { default: pretty } = await import("pino-pretty")
  const colorize = env.NO_COLOR === undefined || env.NO_COLOR === ""
  return pino(
    options,
    pretty({ ...linesForPeople, colorize, destination: output, sync: true, translateTime: "HH:MM:ss" }),
  )
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

/** What the catalogue has a word for is no fault of the program: where in it that came up is nothing to anybody. */
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
