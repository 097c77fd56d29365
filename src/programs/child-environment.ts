/** What programs need to find themselves, their user, language, network and certificates. */
const systemNames = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LANGUAGE",
  "TERM",
  "COLORTERM",
  "TZ",
  "TMPDIR",
  "TMP",
  "TEMP",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "CODEX_CA_CERTIFICATE",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  // Keyring and ssh agent: where a log-in may be kept, and how `git push` reaches a host.
  "DBUS_SESSION_BUS_ADDRESS",
  "SSH_AUTH_SOCK",
])

/** Log-ins and settings of the agent CLIs themselves. */
const cliNames = new Set([
  "CODEX_HOME",
  "CODEX_SQLITE_HOME",
  "CODEX_API_KEY",
  "CODEX_ACCESS_TOKEN",
  "OPENAI_API_KEY",
  "OPENAI_BASE_URL",
  "OPENAI_ORGANIZATION",
  "OPENAI_ORG_ID",
  "OPENAI_PROJECT",
  "OPENAI_PROJECT_ID",
  "AZURE_OPENAI_API_KEY",
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "ANTHROPIC_BASE_URL",
  "CLAUDE_CONFIG_DIR",
  "CLAUDE_CODE_OAUTH_TOKEN",
  "GEMINI_API_KEY",
  "GOOGLE_API_KEY",
  "GOOGLE_GEMINI_BASE_URL",
  "GEMINI_CLI_HOME",
  "GOOGLE_GENAI_USE_VERTEXAI",
  "GOOGLE_CLOUD_PROJECT",
  "GOOGLE_CLOUD_LOCATION",
  "GOOGLE_APPLICATION_CREDENTIALS",
  "OPENAI_MODEL",
  "OPENROUTER_API_KEY",
  "GH_TOKEN",
  "GITHUB_TOKEN",
])

/** Language and folders of the user; and of CLIs that have many variables, all under one name. */
const prefixes = ["LC_", "XDG_", "OPENCODE_", "COPILOT_", "QWEN_", "GOOSE_", "PI_"]

/**
 * What an agent has from us, set for each one by the service: who it is, where it reaches the
 * service, the token that opens nothing there but `/agent-reply`, the program that does so, and the
 * home that this program works on.
 */
export const agentVariables = {
  agent: "AI_AGENT_PROXY_AGENT",
  url: "AI_AGENT_PROXY_URL",
  token: "AI_AGENT_PROXY_AGENT_TOKEN",
  /** Path of `ai-agent-proxy`: a login shell may begin with a PATH of its own. */
  command: "AI_AGENT_PROXY_COMMAND",
  home: "AI_AGENT_PROXY_HOME",
} as const

/** codex tells its commands which thread they belong to. */
export const threadVariable = "CODEX_THREAD_ID"

const agentNames = new Set<string>(Object.values(agentVariables))

/**
 * Our own names: keys of the service among them, so not even `passEnv` lets one through. A CLI is
 * given one of them on top, which says nothing: see `turnMarkerName`.
 */
const ownPrefix = "AI_AGENT_PROXY_"

/**
 * The environment of an agent's process: an allow-list, because codex hands its whole environment
 * to every shell command that the model thinks of. `passEnv` names what the person wants the agent
 * to see beyond it. What is on this machine, this service first of all, never depends on the user's
 * network.
 */
export function childEnvironment(
  source: NodeJS.ProcessEnv,
  passEnv: readonly string[],
): Record<string, string> {
  const wanted = new Set(passEnv)
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined) continue
    if (name.toUpperCase().startsWith(ownPrefix) && !agentNames.has(name)) continue
    const isAllowed =
      agentNames.has(name) ||
      systemNames.has(name) ||
      cliNames.has(name) ||
      wanted.has(name) ||
      prefixes.some((prefix) => name.startsWith(prefix))
    if (isAllowed) environment[name] = value
  }
  return { ...environment, ...noProxyVariables(source, source[agentVariables.url]) }
}

/** All match literally, few know ranges (Bun, so opencode, does not), undici wants [IPv6]. */
const loopback = ["127.0.0.1", "localhost", "::1", "[::1]"]

/**
 * The two variables that keep a program's calls to this machine off the user's proxy, whose
 * loopback is another one, and those to the service at `serviceUrl`, which may listen on another
 * address of this machine. The user's own exceptions stay in front; `*`, which excepts everything,
 * is understood only where it stands alone.
 */
export function noProxyVariables(
  source: NodeJS.ProcessEnv,
  serviceUrl: string = "",
): { readonly NO_PROXY: string; readonly no_proxy: string } {
  const host = URL.parse(serviceUrl)?.hostname ?? ""
  const local = [...loopback, host, host.replace(/^\[|\]$/g, "")]
  // Clients differ in which of the two comes first, so neither may be missing.
  return {
    NO_PROXY: merged(source.NO_PROXY ?? source.no_proxy ?? "", local),
    no_proxy: merged(source.no_proxy ?? source.NO_PROXY ?? "", local),
  }
}

function merged(exceptions: string, local: readonly string[]): string {
  if (exceptions.trim() === "*") return exceptions
  const own = exceptions.split(/[\s,]+/).filter((entry) => entry !== "")
  const known = new Set(own.map((entry) => entry.toLowerCase()))
  const missing = local.filter((entry) => entry !== "" && !known.has(entry))
  return [...own, ...new Set(missing)].join(",")
}
