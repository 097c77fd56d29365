import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { codexExecutable } from "../../support/codex-binary.ts"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import type { ProgramResult, RunningProgram } from "../support/program.ts"

export interface OldReleaseOptions {
  readonly bench: Bench
  /** Of Python, with the package in it. */
  readonly environment: string
  /** The user's home directory. */
  readonly user: string
  readonly port: number
  readonly key: string
  /** Of codex. */
  readonly env: Readonly<Record<string, string>>
}

/** Release 0.2.0 itself, as a black box: its commands, its service, and the sessions that it leaves behind. */
export class OldRelease {
  readonly home: string
  readonly #options: OldReleaseOptions
  #daemon: RunningProgram | null = null

  constructor(options: OldReleaseOptions) {
    this.#options = options
    this.home = join(options.user, ".ai_agent_proxy")
    options.bench.atEnd(() => this.stop())
  }

  /** What it had of a person who types, or of its unit. */
  get env(): Record<string, string> {
    const { environment, env, user } = this.#options
    const path = [join(environment, "bin"), dirname(codexExecutable()), dirname(process.execPath)]
    return { ...env, HOME: user, PATH: [...path, "/usr/bin", "/bin"].join(":") }
  }

  run(...args: string[]): Promise<ProgramResult> {
    const command = join(this.#options.environment, "bin/ai-agent-proxy")
    return this.#options.bench.run({ command, args, cwd: this.#options.user, env: this.env })
  }

  /** As its unit does; resolves once its manager answers. */
  async start(unit: string): Promise<void> {
    const lines = unit.split("\n")
    const pairs = lines.flatMap((line) => /^Environment=(\w+)=(.*)$/.exec(line)?.slice(1) ?? [])
    const variables = Object.fromEntries(
      pairs.flatMap((name, index) => (index % 2 === 0 ? [[name, pairs[index + 1] ?? ""]] : [])),
    )
    const [command = "", ...args] = (/^ExecStart=(.*)$/m.exec(unit)?.[1] ?? "").split(" ")
    const { bench, user, port } = this.#options
    // Else it looks for what was asked of it once in half a minute.
    args.push("--interval", "1")
    this.#daemon = bench.runOn({ command, args, cwd: user, env: { ...this.env, ...variables } })
    // Its health wants the key, too.
    await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/health`)).status > 0, {
      what: "its service to listen",
      timeoutMs: 120_000,
      intervalMs: 200,
    })
    await waitFor(async () => (await this.ask("[[say:up]]")).status === 200, {
      what: "its manager to answer",
      timeoutMs: 120_000,
      intervalMs: 500,
    })
  }

  ask(input: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.#options.port}/v1/responses`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.#options.key}` },
      body: JSON.stringify({ model: "manager", input }),
    })
  }

  /** Its sessions go on without it. Safe twice. */
  async stop(): Promise<void> {
    this.#daemon?.end()
    this.#daemon = null
    // No polite signal ends them.
    for (const pid of this.#sessions()) process.kill(pid, "SIGKILL")
  }

  /** Only those that are its own: the number may be another process's by now. */
  #sessions(): number[] {
    if (!existsSync("/proc")) return []
    return readdirSync("/proc").flatMap((name) => {
      const pid = Number(name)
      if (!Number.isInteger(pid)) return []
      const command = readOrEmpty(`/proc/${name}/cmdline`)
      return command.includes("ai_agent_proxy.session") && command.includes(this.home) ? [pid] : []
    })
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    // It has just ended.
    return ""
  }
}
