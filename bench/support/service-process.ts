import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, openSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { get } from "node:http"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import type { Build, Installation } from "./installation.ts"
import type { Target } from "./sse-request.ts"

export interface ServiceProcess extends Target {
  readonly pid: number
  /** From the spawn to the first 200 of `/health`. */
  readonly startMs: number
  stop(): Promise<void>
}

export interface DaemonOptions {
  /** Folder of this daemon alone; its home, its log and its user's home are in it. */
  readonly folder: string
  readonly cli: string
  readonly env?: Readonly<Record<string, string>>
  /** Options of `node` itself, for profiles. */
  readonly nodeOptions?: readonly string[]
}

const key = "bench-key-of-the-owner"
const startTimeoutMs = 20_000
const stopTimeoutMs = 20_000

/** The service as a service manager runs it: in a process of its own, with a key, the ledger and the log. */
export async function startDaemon(build: Build, options: DaemonOptions): Promise<ServiceProcess> {
  const { folder, cli } = options
  await mkdir(join(folder, "home"), { recursive: true })
  const port = await freePort()
  return startProcess(
    [
      ...build.nodeOptions,
      ...(options.nodeOptions ?? []),
      build.launcher,
      "daemon",
      "--port",
      String(port),
      "--cli",
      cli,
    ],
    {
      port,
      key,
      log: join(folder, "daemon.log"),
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        LANG: "C.UTF-8",
        AI_AGENT_PROXY_HOME: daemonHome(folder),
        AI_AGENT_PROXY_WORKING_DIR: join(folder, "work"),
        AI_AGENT_PROXY_API_KEY: key,
        ...options.env,
      },
    },
  )
}

export function daemonHome(folder: string): string {
  return join(folder, "home")
}

/** C over the same agent. */
export async function startBare(
  installation: Installation,
  folder: string,
  nodeOptions: readonly string[] = [],
): Promise<ServiceProcess> {
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const { bareService, appServerStub } = installation
  return startProcess([...nodeOptions, bareService, String(port), appServerStub, folder], {
    port,
    key: null,
    log: join(folder, "bare.log"),
    env: { PATH: process.env.PATH, HOME: folder, LANG: "C.UTF-8" },
  })
}

async function startProcess(
  args: readonly string[],
  options: { port: number; key: string | null; log: string; env: NodeJS.ProcessEnv },
): Promise<ServiceProcess> {
  // Like a service manager's log: a pipe would make the load generator read it.
  const log = openSync(options.log, "a")
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, { env: options.env, stdio: ["ignore", log, log] })
  closeSync(log)
  const exited = once(child, "exit")
  try {
    await healthy(child, options)
  } catch (error) {
    child.kill("SIGKILL")
    throw error
  }
  const startMs = performance.now() - startedAt
  return {
    pid: child.pid ?? 0,
    port: options.port,
    key: options.key,
    startMs,
    stop: async () => {
      child.kill("SIGTERM")
      const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs)
      await exited
      clearTimeout(timer)
    },
  }
}

async function healthy(child: ChildProcess, { port, log }: { port: number; log: string }): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`a service ended at its start, see ${log}`)
    if (await isHealthy(port)) return
    await delay(1)
  }
  throw new Error(`a service was not healthy within ${startTimeoutMs} ms, see ${log}`)
}

function isHealthy(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: "127.0.0.1", port, path: "/health", agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    }).once("error", () => resolve(false))
  })
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
