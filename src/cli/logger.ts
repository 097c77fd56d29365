import { type Logger, levels, pino } from "pino"
import { ConfigError } from "../config/config-error.ts"

/**
 * JSON lines, or readable lines in a terminal, on stderr: stdout is for data. Nothing that is logged anywhere may hold a
 * prompt, an answer or a key; the redaction is a second line of defence.
 */
export async function createLogger(output: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Promise<Logger> {
  const options = {
    level: levelOf(env.AI_AGENT_PROXY_LOG_LEVEL),
    base: null,
    redact: ["authorization", "apiKey", "*.authorization", "*.apiKey"],
  }
  if (!output.isTTY) return pino(options, output)
  // Loaded only where somebody looks: it costs memory that a service does not need.
  const { default: pretty } = await import("pino-pretty")
  const colorize = env.NO_COLOR === undefined || env.NO_COLOR === ""
  return pino(options, pretty({ colorize, destination: output, sync: true, translateTime: "HH:MM:ss" }))
}

function levelOf(value: string | undefined): string {
  if (value === undefined || value === "") return "info"
  const known = [...Object.keys(levels.values), "silent"]
  if (known.includes(value)) return value
  const problem = `'${value}' is not a log level; possible are ${known.join(", ")}.`
  throw new ConfigError("AI_AGENT_PROXY_LOG_LEVEL", null, problem)
}
