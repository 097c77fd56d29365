import { statSync } from "node:fs"
import path from "node:path"
import type { Readiness } from "../../domain/agents.ts"
import { childEnvironment } from "../../programs/child-environment.ts"
import { ask } from "../kit/process/probe.ts"
import { notReady, StartError, startableProgram, stopping } from "../kit/process/start-error.ts"
import { maxPrintedLength } from "../kit/rpc/json-noise.ts"
import { isPlainInRules } from "./launch-arguments.ts"
import type { ClaudeBackendOptions } from "./options.ts"

/** Messages without a query, and forks at a message, are verified with it and later ones. */
const oldestVersion = "2.1.197"

/** How long an answer about the log-in holds while nothing that we can see has changed. */
const loggedInForMs = 10 * 60_000
const loggedOutForMs = 20_000

interface LoginAnswer {
  readonly stamp: string
  readonly until: number
  readonly readiness: Readiness
}

/** Where the program is, its version, its log-in. Asked once while nothing changes. */
export class InstalledClaude {
  readonly #options: ClaudeBackendOptions
  readonly #timeoutMs: number
  readonly #signal: AbortSignal
  #login: LoginAnswer | null = null

  constructor(options: ClaudeBackendOptions, timeoutMs: number, signal: AbortSignal) {
    this.#options = options
    this.#timeoutMs = timeoutMs
    this.#signal = signal
  }

  /** Absolute path. Throws `StartError`. */
  file(): string {
    if (this.#signal.aborted) throw stopping()
    this.#refuseUnprotected()
    return startableProgram(this.#options, "Install it with `npm install -g @anthropic-ai/claude-code`")
  }

  /** Refuses to run where the rule that protects the agent's control files would not apply. */
  #refuseUnprotected(): void {
    const { permissions, protectedFolders = [] } = this.#options
    const folder = protectedFolders.find((path) => !isPlainInRules(path))
    if (permissions !== "workspace" || folder === undefined) return
    throw new StartError(
      "claude cannot protect the agent's control files from it: their path has characters that mean something in its rules",
      "Move the home of the service to a path of letters, digits, spaces and any of `-_.@+,=~:%#`, or set the agent's permissions to read-only.",
      { detail: folder },
    )
  }

  /** Rejects with `StartError` when the program is not claude, or too old. */
  profile() {
    const file = this.file()
    return this.#options.memory.programs.recall("claude", file, async () => {
      const printed = await this.#ask(file, ["--version"])
      const version = (/(\d+\.\d+\.\d+)\S* \(Claude Code\)/.exec(printed) ??
        /^(\d+\.\d+\.\d+)\S*\s*$/m.exec(printed))?.[1]
      if (version === undefined) {
        // An update notice, or another program: its own words tell which.
        const words = printed.trim().slice(0, maxPrintedLength).toWellFormed()
        throw new StartError(
          "`claude --version` does not answer as claude does",
          "Run it in a terminal as this user, or set the agent's CLI to another program.",
          { detail: words === "" ? file : `${file} printed: ${words}` },
        )
      }
      if (version.localeCompare(oldestVersion, "en", { numeric: true }) < 0) {
        throw new StartError(
          `claude ${version} is too old: ${oldestVersion} or newer is needed`,
          "Run `claude update` as the user of this service.",
        )
      }
      const help = (await this.#ask(file, ["--help"])).replaceAll(/\s+/g, " ")
      const efforts = /--effort <level>.*?\(([a-z, ]+)\)/.exec(help)?.[1]?.split(", ") ?? []
      return { version, efforts }
    })
  }

  /** Cheap: asks only when the credentials have changed, or the last answer is old. */
  async login(): Promise<Readiness> {
    const file = this.file()
    const stamp = this.#credentialsStamp()
    const known = this.#login
    if (known !== null && known.stamp === stamp && performance.now() < known.until) return known.readiness
    const isLoggedIn = await this.#isLoggedIn(file)
    const nextStep = "Run `claude auth login` as the user of this service, or set ANTHROPIC_API_KEY."
    const readiness = isLoggedIn
      ? ({ isReady: true } as const)
      : notReady(new StartError("claude is not logged in", nextStep))
    const until = performance.now() + (isLoggedIn ? loggedInForMs : loggedOutForMs)
    this.#login = { stamp, until, readiness }
    return readiness
  }

  /** A turn has found out otherwise. */
  forgetLogin(): void {
    this.#login = null
  }

  async #isLoggedIn(file: string): Promise<boolean> {
    const output = await this.#ask(file, ["auth", "status"])
    // All but a clear no is left to the first turn: claude has more ways to a model.
    return !/"loggedIn":\s*false/.test(output)
  }

  #credentialsStamp(): string {
    const { CLAUDE_CONFIG_DIR, HOME } = this.#options.env
    const home = CLAUDE_CONFIG_DIR ?? path.join(HOME ?? "/", ".claude")
    try {
      const { mtimeMs, size } = statSync(path.join(home, ".credentials.json"))
      return `${mtimeMs} ${size}`
    } catch {
      // A key in the environment, or a keychain.
      return ""
    }
  }

  async #ask(file: string, args: readonly string[]): Promise<string> {
    const { cwd, env } = this.#options
    try {
      const options = { cwd, env, timeoutMs: this.#timeoutMs, signal: this.#signal }
      return (await ask(file, args, options)).output
    } catch (error) {
      throw this.#signal.aborted ? stopping(error) : error
    }
  }
}

/** Other ways to a model: Bedrock, Vertex, Foundry, a gateway. Not what its children are told. */
const ownNames = [
  "CLAUDE_CODE_USE_BEDROCK",
  "CLAUDE_CODE_USE_VERTEX",
  "CLAUDE_CODE_USE_FOUNDRY",
  "CLAUDE_CODE_SKIP_BEDROCK_AUTH",
  "CLAUDE_CODE_SKIP_VERTEX_AUTH",
  "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
  "CLAUDE_CODE_CLIENT_CERT",
  "CLAUDE_CODE_CLIENT_KEY",
  "CLOUD_ML_REGION",
  "GOOGLE_APPLICATION_CREDENTIALS",
  "API_TIMEOUT_MS",
  "CLAUDE_STREAM_IDLE_TIMEOUT_MS",
  "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_PROFILE",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_BEARER_TOKEN_BEDROCK",
  "DISABLE_TELEMETRY",
  "DISABLE_ERROR_REPORTING",
]

/** How long a function of a client may take, as claude sees it. It waits one minute by default. */
export const callLimitMs = 24 * 60 * 60_000

/** Not to be changed by the person: the rest of the backend relies on them. */
const fixed: Readonly<Record<string, string>> = {
  // A program that changes while it runs cannot be relied on.
  DISABLE_AUTOUPDATER: "1",
  MCP_TOOL_TIMEOUT: String(callLimitMs),
  // What ends after its turn would begin another one, which nobody asked for.
  CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: "1",
  CLAUDE_CODE_DISABLE_CRON: "1",
  // A turn that is told to be over can be resumed and forked.
  CLAUDE_CODE_EAGER_FLUSH: "1",
}

/** The environment of a process: the allow-list, its own settings, and its bounds. */
export function claudeEnvironment(
  source: NodeJS.ProcessEnv,
  passEnv: readonly string[],
): Record<string, string> {
  const anthropic = Object.keys(source).filter((name) => name.startsWith("ANTHROPIC_"))
  return {
    // It tries ten times with growing pauses, also after a 401; a client is better told.
    CLAUDE_CODE_MAX_RETRIES: "1",
    // After 300 s it asks a silent model anew. Our own clock ends what is silent for too long.
    API_TIMEOUT_MS: String(callLimitMs),
    CLAUDE_STREAM_IDLE_TIMEOUT_MS: String(callLimitMs),
    ...childEnvironment(source, [...passEnv, ...ownNames, ...anthropic]),
    ...fixed,
  }
}
