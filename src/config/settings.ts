import { isIP } from "node:net"
import { z } from "zod"
import { knownClis } from "../domain/agent-clis.ts"
import { type Config, type Limits, limitTable } from "./config.ts"

/** How the text of a flag or an environment variable becomes a value. */
type TextForm = "text" | "integer" | "boolean" | "list"

/** One thing that can be set, whichever way; all are read at the start. */
export interface Setting<T, Usual = T> {
  /** Key in `config.toml`, with its table: `limits.body_bytes`. */
  readonly key: string
  readonly variable: string
  /** Null: not settable by a flag. */
  readonly flag: string | null
  /** What its value is called behind the flag, and what `--help` says of it. */
  readonly unit: string
  readonly text: string
  readonly form: TextForm
  readonly schema: z.ZodType<T>
  /** What holds where nothing is set. */
  readonly usual: Usual
}

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

const yesOrNo = z.boolean("must be true or false")

function setting<T, const Usual>(
  key: string,
  schema: z.ZodType<T>,
  row: Partial<Setting<T, Usual>> & Pick<Setting<T, Usual>, "usual">,
): Setting<T, Usual> {
  const variable = `AI_AGENT_PROXY_${key.replace("limits.", "").replace(".", "_").toUpperCase()}`
  return { key, variable, flag: null, unit: "", text: "", form: "text", schema, ...row }
}

/** Everything but the home itself, which says where `config.toml` is. */
export const settings = {
  host: setting("host", host, {
    flag: "--ip",
    unit: "address",
    text: "address to listen on (default 127.0.0.1)",
    usual: "127.0.0.1",
  }),
  /** 0: any free port. */
  port: setting("port", integer(0, 65_535), {
    form: "integer",
    flag: "--port",
    unit: "port",
    text: "port to listen on (default 7011)",
    usual: 7011,
  }),
  cli: setting("cli", text, {
    flag: "--cli",
    unit: "command",
    text: "the manager's agent CLI (default codex)",
    usual: knownClis.join(" || "),
  }),
  /** Key of the principal `owner`. */
  apiKey: setting("api_key", apiKey, {
    flag: "--api-key",
    unit: "key",
    text: "key that clients must send; AI_AGENT_PROXY_API_KEY keeps it out of the process list",
    usual: null,
  }),
  model: setting("model", text, { usual: null }),
  sessions: setting("sessions", choice("separate", "shared"), { usual: "separate" }),
  workingDir: setting("working_dir", text, { usual: "~/.openclaw/workspace" }),
  passEnv: setting("pass_env", z.array(variableName), { form: "list", usual: [] }),
  sessionHeaders: setting("session_headers", z.array(headerName), {
    form: "list",
    usual: ["x-session-id", "x-openwebui-chat-id"],
  }),
  fetchUrls: setting("fetch_urls", yesOrNo, { form: "boolean", usual: true }),
  looseBodies: setting("loose_bodies", yesOrNo, { form: "boolean", usual: true }),
  tellMetadata: setting("agents.tell_metadata", yesOrNo, { form: "boolean", usual: null }),
  trustedProxies: setting("trusted_proxies", z.array(network), { form: "list", usual: [] }),
  unknownModel: setting("models.unknown", choice("manager", "error"), { usual: "manager" }),
  ledgerDurability: setting("ledger.durability", choice("normal", "full"), { usual: "normal" }),
} as const

export const limitSettings = Object.fromEntries(
  Object.entries(limitTable).map(([name, { min, max, usual }]) => {
    const key = `limits.${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
    return [name, setting(key, integer(min, max), { form: "integer", usual })]
  }),
  // One for each of the table.
) as Readonly<Record<keyof Limits, Setting<number>>>

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

/** Variables that a person sets. Others of that prefix belong to one process: an agent's token. */
export const settingVariables: ReadonlySet<string> = new Set([
  homeVariable,
  logLevelVariable,
  ...[...Object.values(settings), ...Object.values(limitSettings)].map(({ variable }) => variable),
])

/** The principal of `api_key`, and of everybody without a key: adding one later loses nothing. */
export const ownerPrincipal = "owner"

/** Who can ask for anything. The owner can without a key of that name, on the home's socket. */
export function principalsOf({ apiKeys }: Pick<Config, "apiKeys">): ReadonlySet<string> {
  return new Set([ownerPrincipal, ...apiKeys.keys()])
}
