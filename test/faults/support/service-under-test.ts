import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, openSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { nodeOptions } from "../../../src/supervise/machine/service-spec.ts"
import { waitFor } from "../../support/wait-for.ts"
import type { Build } from "./build.ts"
import { httpCall } from "./http-call.ts"

export interface ServiceOptions {
  readonly build: Build
  /** Of this service alone: its home, its user's home, its log. */
  readonly folder: string
  readonly cli: string
  /** Of whoever asks, by name. None: no key is wanted. */
  readonly keys?: Readonly<Record<string, string>>
  readonly limits?: Readonly<Record<string, number>>
  /** Default: those of the service. */
  readonly sessionHeaders?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const startTimeoutMs = 30_000
const stopTimeoutMs = 30_000

/** Ended when the run is interrupted. */
const running = new Set<ChildProcess>()

/** The built service as a process of its own, on one port and one home over all its lives. */
export class ServiceUnderTest {
  readonly port: number
  readonly home: string
  readonly logFile: string
  readonly #options: ServiceOptions
  #child: ChildProcess | null = null

  private constructor(options: ServiceOptions, port: number) {
    this.#options = options
    this.port = port
    this.home = join(options.folder, "home")
    this.logFile = join(options.folder, "daemon.log")
  }

  /** Prepares the home and starts the service; resolves when it is healthy. */
  static async start(options: ServiceOptions): Promise<ServiceUnderTest> {
    const service = new ServiceUnderTest(options, await freePort())
    await mkdir(service.home, { recursive: true, mode: 0o700 })
    await writeFile(join(service.home, "config.toml"), configToml(options))
    await service.start()
    return service
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  /** False once it has ended, by itself or not. */
  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  async start(): Promise<void> {
    const child = this.#spawn()
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}, see ${this.logFile}`)
        return (await this.health()).status === 200
      },
      { what: `the service to be healthy (${this.logFile})`, timeoutMs: startTimeoutMs, intervalMs: 5 },
    )
  }

  /** Starts it and kills it after so long, whatever it has come to by then. */
  async dieInStart(afterMs: number): Promise<void> {
    this.#spawn()
    await delay(afterMs)
    await this.kill()
  }

  #spawn(): ChildProcess {
    const { build, folder, cli, env } = this.#options
    const log = openSync(this.logFile, "a")
    const child = spawn(
      process.execPath,
      [...nodeOptions, build.launcher, "daemon", "--port", String(this.port), "--cli", cli],
      {
        stdio: ["ignore", log, log],
        env: {
          PATH: process.env.PATH,
          LANG: "C.UTF-8",
          AI_AGENT_PROXY_WORKING_DIR: join(folder, "work"),
          ...env,
          HOME: folder,
          AI_AGENT_PROXY_HOME: this.home,
        },
      },
    )
    closeSync(log)
    running.add(child)
    child.once("exit", () => running.delete(child))
    this.#child = child
    return child
  }

  health(): ReturnType<typeof httpCall> {
    return httpCall({ port: this.port, method: "GET", path: "/health", timeoutMs: 5_000 })
  }

  /** `kill -9`, and its end. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL")
  }

  /** As a service manager stops it. Safe twice. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), stopTimeoutMs)
    await this.#end("SIGTERM")
    clearTimeout(timer)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === null || !this.isRunning) return
    const exited = once(child, "exit")
    child.kill(signal)
    await exited
  }
}

/** For an interrupt of the whole run: nobody waits. */
export function killAllServices(): void {
  for (const child of running) child.kill("SIGKILL")
}

function configToml({ keys = {}, limits = {}, sessionHeaders }: ServiceOptions): string {
  const lines = (table: string, values: Readonly<Record<string, string | number>>): string[] => [
    `[${table}]`,
    ...Object.entries(values).map(([name, value]) => `${name} = ${JSON.stringify(value)}`),
  ]
  return [
    'pass_env = ["SCRIPTED_MODEL_KEY"]',
    ...(sessionHeaders === undefined ? [] : [`session_headers = ${JSON.stringify(sessionHeaders)}`]),
    ...(Object.keys(keys).length === 0 ? [] : lines("api_keys", keys)),
    ...(Object.keys(limits).length === 0 ? [] : lines("limits", limits)),
    "",
  ].join("\n")
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })
}
