import { statSync } from "node:fs"
import path from "node:path"
import type { Readiness } from "../../domain/backend.ts"
import { messageOf } from "../../domain/errors.ts"
import { ProbeMemory } from "../probe.ts"
import { maxPrintedLength } from "../process-supervisor.ts"
import { runBriefly } from "../run-briefly.ts"
import { StartError, stopping } from "../start-error.ts"
import { startableProgram } from "../startable-program.ts"
import type { ClaudeBackendOptions } from "./claude-options.ts"
import { isPlainInRules } from "./path-rules.ts"

/** What is relied on (messages without a query, forks at a message) is verified with this one and later ones. */
const oldestVersion = "2.1.197"

/** How long an answer about the log-in holds while nothing that we can see has changed. */
const loggedInForMs = 10 * 60_000
const loggedOutForMs = 20_000

export interface ClaudeProfile {
  readonly version: string
  readonly efforts: readonly string[]
}

interface LoginAnswer {
  readonly stamp: string
  readonly until: number
  readonly readiness: Readiness
}

type ProgramOptions = Pick<
  ClaudeBackendOptions,
  "executable" | "cwd" | "env" | "probeMemory" | "permissions" | "protectedFolders"
>

const sharedMemory = new ProbeMemory()

/** The program behind the backend: where it is, its version, whether it is logged in. Asked once while nothing changes. */
export class ClaudeProgram {
  readonly #options: ProgramOptions
  readonly #timeoutMs: number
  readonly #signal: AbortSignal
  #login: LoginAnswer | null = null

  constructor(options: ProgramOptions, timeoutMs: number, signal: AbortSignal) {
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

  /** An agent that is held in its folder must not run where the rule that protects its control files would not apply. */
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
  profile(): Promise<ClaudeProfile> {
    const file = this.file()
    const memory = this.#options.probeMemory ?? sharedMemory
    return memory.recall("claude", file, async () => {
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
      if (isOlder(version, oldestVersion)) {
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

  /** Cheap: asks `claude auth status` when the credentials have changed, or the last answer is old. */
  async login(): Promise<Readiness> {
    const file = this.file()
    const stamp = this.#credentialsStamp()
    const known = this.#login
    if (known !== null && known.stamp === stamp && performance.now() < known.until) return known.readiness
    const isLoggedIn = await this.#isLoggedIn(file)
    const readiness: Readiness = isLoggedIn
      ? { isReady: true }
      : {
          isReady: false,
          reason: "claude is not logged in",
          nextStep: "Run `claude auth login` as the user of this service, or set ANTHROPIC_API_KEY.",
          detail: null,
        }
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
    // Anything else than a clear no is left to the first turn: claude has ways of its own to get at a model.
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
      const run = await runBriefly(file, args, { cwd, env, timeoutMs: this.#timeoutMs, signal: this.#signal })
      return run.output
    } catch (error) {
      if (this.#signal.aborted) throw stopping(error)
      throw new StartError("`claude` cannot be run", "Run it in a terminal as this user.", {
        detail: `${file}: ${messageOf(error)}`,
        cause: error,
      })
    }
  }
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number))
  for (const [index, part] of (b ?? []).entries()) {
    const own = a?.[index] ?? 0
    if (own !== part) return own < part
  }
  return false
}
