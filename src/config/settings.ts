import { isIP } from "node:net"
import { z } from "zod"

/** How the text of a flag or an environment variable becomes a value. */
type TextForm = "text" | "integer" | "boolean" | "list"

/** One thing that can be set, whichever way. */
export interface Setting<T> {
  /** Key in `config.toml`, with its table: `limits.body_bytes`. */
  readonly key: string
  readonly variable: string
  /** Null: not settable by a flag. */
  readonly flag: string | null
  readonly form: TextForm
  readonly schema: z.ZodType<T>
}

/** Longer waits overflow Node's timers, which then fire at once. */
const maxTimerMs = 2_147_483_647

const text = z.string().trim().min(1, "must not be empty")

function integer(min: number, max: number): z.ZodType<number> {
  const range = `must be a whole number from ${min} to ${max}`
  return z.int(range).min(min, range).max(max, range)
}

function choice<const T extends string>(...values: readonly [T, ...T[]]): z.ZodType<T> {
  return z.enum(values, `must be ${values.map((value) => JSON.stringify(value)).join(" or ")}`)
}

const host = text.regex(
  /^[A-Za-z0-9._:-]+$/,
  "must be an address or host name, without scheme and port, for example 127.0.0.1",
)

const apiKey = z
  .string()
  .min(1, "is empty; give a key, or remove the setting to serve without one")
  // Anything else would not survive an Authorization header.
  .regex(/^[\x21-\x7e]+$/, "must consist of visible ASCII characters without spaces")

const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be names of environment variables, for example HTTPS_PROXY")

/** An address, or a network as `10.0.0.0/8`. */
const network = z
  .string()
  .refine(isNetwork, "must be addresses or networks, for example 127.0.0.1 or 10.0.0.0/8")

function isNetwork(text: string): boolean {
  const [, address = "", prefix] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const bits = { 4: 32, 6: 128 }[isIP(address)]
  return bits !== undefined && Number(prefix ?? 0) <= bits
}

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "must be names of request headers, for example X-Session-Id")
  .transform((name) => name.toLowerCase())

function setting<T>(
  key: string,
  schema: z.ZodType<T>,
  options: { form?: TextForm; flag?: string } = {},
): Setting<T> {
  const variable = `AI_AGENT_PROXY_${key.replace("limits.", "").replace(".", "_").toUpperCase()}`
  return { key, variable, flag: options.flag ?? null, form: options.form ?? "text", schema }
}

function limit(name: string, min: number, max: number): Setting<number> {
  return setting(`limits.${name}`, integer(min, max), { form: "integer" })
}

/** Everything but the home itself, which says where `config.toml` is. */
export const settings = {
  host: setting("host", host, { flag: "--ip" }),
  /** 0: any free port. */
  port: setting("port", integer(0, 65_535), { form: "integer", flag: "--port" }),
  /** Key of the principal `owner`. */
  apiKey: setting("api_key", apiKey, { flag: "--api-key" }),
  cli: setting("cli", text, { flag: "--cli" }),
  model: setting("model", text),
  sessions: setting("sessions", choice("separate", "shared")),
  workingDir: setting("working_dir", text),
  passEnv: setting("pass_env", z.array(variableName), { form: "list" }),
  sessionHeaders: setting("session_headers", z.array(headerName), { form: "list" }),
  fetchUrls: setting("fetch_urls", z.boolean("must be true or false"), { form: "boolean" }),
  looseBodies: setting("loose_bodies", z.boolean("must be true or false"), { form: "boolean" }),
  tellMetadata: setting("agents.tell_metadata", z.boolean("must be true or false"), { form: "boolean" }),
  trustedProxies: setting("trusted_proxies", z.array(network), { form: "list" }),
  unknownModel: setting("models.unknown", choice("manager", "error")),
  ledgerDurability: setting("ledger.durability", choice("normal", "full")),
} as const

export const limitSettings = {
  connections: limit("connections", 1, 1_000_000),
  /** Of one request; more is refused with 413. */
  bodyBytes: limit("body_bytes", 1_024, 1_073_741_824),
  bodiesBytes: limit("bodies_bytes", 1_024, 1_073_741_824),
  /** Nesting of a request's JSON. */
  jsonDepth: limit("json_depth", 10, 10_000),
  fileBytes: limit("file_bytes", 1_024, 1_073_741_824),
  fileTotalBytes: limit("file_total_bytes", 1_024, 1_099_511_627_776),
  unreadBytes: limit("unread_bytes", 1_024, 1_073_741_824),
  unreadMs: limit("unread_ms", 1, maxTimerMs),
  turnsPerAgent: limit("turns_per_agent", 1, 100_000),
  turnsTotal: limit("turns_total", 1, 100_000),
  loadedThreads: limit("loaded_threads", 1, 10_000),
  threadIdleMs: limit("thread_idle_ms", 1, maxTimerMs),
  turnMs: limit("turn_ms", 1, maxTimerMs),
  silenceMs: limit("silence_ms", 1, maxTimerMs),
  reconnectMs: limit("reconnect_ms", 1, maxTimerMs),
  parkMs: limit("park_ms", 1, maxTimerMs),
  teamDepth: limit("team_depth", 0, 100),
  teamTasks: limit("team_tasks", 0, 10_000),
  teamAgents: limit("team_agents", 0, 1_000),
  teamWaitMs: limit("team_wait_ms", 1, maxTimerMs),
  disconnectGraceMs: limit("disconnect_grace_ms", 0, 60_000),
  repeatGraceMs: limit("repeat_grace_ms", 0, 60_000),
  drainMs: limit("drain_ms", 0, maxTimerMs),
  keepAliveMs: limit("keep_alive_ms", 1, maxTimerMs),
  /** 0: never delete. */
  retentionDays: limit("retention_days", 0, 36_500),
} as const

/** Keys of principals: `[api_keys]` in `config.toml`, or the `api_key` of `owner`. */
export const principalKeys = z
  .record(
    z.string().regex(/^[A-Za-z0-9._@-]{1,64}$/, "must be named with letters, digits and . _ @ - only"),
    apiKey,
  )
  .refine((keys) => Object.keys(keys).length > 0, {
    message: "has no keys; give one, or remove the table to serve without",
    abort: true,
  })

export const homeVariable = "AI_AGENT_PROXY_HOME"

const logLevelVariable = "AI_AGENT_PROXY_LOG_LEVEL"

/** All variables of ours that a person sets. Others of that prefix belong to one process: an agent's name, its token. */
export const settingVariables: ReadonlySet<string> = new Set([
  homeVariable,
  logLevelVariable,
  ...[...Object.values(settings), ...Object.values(limitSettings)].map(({ variable }) => variable),
])

/** The principal of `api_key`, and of everybody as long as there is no key: adding one later loses nothing. */
export const ownerPrincipal = "owner"
