import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { codexExecutable } from "../../support/codex-binary.ts"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import type { ProgramResult, RunningProgram } from "../support/program.ts"

export interface NewReleaseOptions {
  readonly bench: Bench
  /** The program, as a command line. */
  readonly command: readonly string[]
  /** The user's home directory. */
  readonly user: string
  readonly home: string
  readonly units: string
  readonly port: number
  readonly key: string
  /** Of codex. */
  readonly env: Readonly<Record<string, string>>
}

/** This program over the home and the unit that release 0.2.0 has left. */
export class NewRelease {
  readonly #options: NewReleaseOptions
  #daemon: RunningProgram | null = null

  constructor(options: NewReleaseOptions) {
    this.#options = options
  }

  get #env(): Record<string, string> {
    const { env, user } = this.#options
    const path = [dirname(codexExecutable()), dirname(process.execPath), "/usr/bin", "/bin"]
    return { ...env, HOME: user, PATH: path.join(":"), AI_AGENT_PROXY_PASS_ENV: "SCRIPTED_MODEL_KEY" }
  }

  run(...args: string[]): Promise<ProgramResult> {
    const [command = "", ...rest] = this.#options.command
    return this.#options.bench.run({
      command,
      args: [...rest, ...args],
      cwd: this.#options.user,
      env: this.#env,
    })
  }

  enable(): Promise<ProgramResult> {
    return this.run("enable", "--systemd-dir", this.#options.units, "--skip-start")
  }

  /** As the unit does that `enable` has written; resolves once it is ready, at the address of before. */
  async start(): Promise<void> {
    const { bench, command, user, home, port } = this.#options
    const unit = readFileSync(join(this.#options.units, "ai-agent-proxy.service"), "utf8")
    if (!unit.includes(`EnvironmentFile=${home}/service.env`)) throw new Error(`not of this home: ${unit}`)
    const [program = "", ...args] = command
    const flags = ["daemon", "--environment-file", join(home, "service.env")]
    this.#daemon = bench.runOn({ command: program, args: [...args, ...flags], cwd: user, env: this.#env })
    await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok, {
      what: `the service to be ready: ${this.#daemon.output().slice(-500)}`,
      timeoutMs: 60_000,
      intervalMs: 100,
    })
  }

  /** The text of the answer, or of the error. */
  async ask(model: string, input: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.#options.port}/v1/responses`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.#options.key}` },
      body: JSON.stringify({ model, input }),
    })
    const body = (await answer.json()) as { output_text?: string; error?: { message: string } | null }
    return body.output_text ?? body.error?.message ?? ""
  }

  async stop(): Promise<void> {
    const { child } = this.#daemon ?? {}
    if (child === undefined || child.exitCode !== null) return
    child.kill("SIGTERM")
    await waitFor(() => child.exitCode !== null, { what: "the service to end", timeoutMs: 30_000 })
  }
}
