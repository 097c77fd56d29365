import { join } from "node:path"
import { createBackend } from "./backends/create-backend.ts"
import { createDemoBackend } from "./backends/demo/demo-backend.ts"
import type { Config } from "./config/config.ts"
import { version } from "./config/version.ts"
import type { AgentProfile } from "./domain/agents.ts"
import type { Backend, BackendEvent, NotReady, Readiness } from "./domain/backend.ts"
import type { UrlFetcher } from "./domain/files.ts"
import { Agent } from "./engine/agent.ts"
import { AgentEngine } from "./engine/create-engine.ts"
import { GuardedFetcher } from "./fetch/guarded-fetcher.ts"
import { createHttpApp } from "./http/http-app.ts"
import type { HttpLogEntry, ServicePhase } from "./http/http-env.ts"
import { type HttpServer, startHttpServer } from "./http/http-server.ts"
import { WebSocketEndpoint } from "./http/websocket-endpoint.ts"
import { ToolChannels } from "./mcp/tool-channels.ts"
import { DiskFileLibrary } from "./storage/files/disk-file-library.ts"
import { openSqliteStore } from "./storage/sqlite/open-sqlite-store.ts"
import { Team } from "./team/team.ts"
import { ensureAgentWorkspace } from "./workspace/agent-workspace.ts"
import { openHome } from "./workspace/home.ts"
import { lockHome } from "./workspace/home-lock.ts"
import { clearUnkept, InboxFolder } from "./workspace/inbox-folder.ts"
import { threadPreamble } from "./workspace/thread-preamble.ts"

/** The part of a pino logger that the service writes to. Fields never hold prompts, answers or keys. */
export interface ServiceLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface ServiceOptions {
  readonly config: Config
  /** Last touches, made when the home is ours alone: what a second daemon must not do. */
  readonly completeConfig?: (config: Config) => Promise<Config>
  readonly log: ServiceLog
  /** What agents' processes inherit from, through an allow-list. */
  readonly env: NodeJS.ProcessEnv
  /** Serve the built-in demo agent when the manager's CLI is not ready at the start. */
  readonly demoFallback?: boolean
  /** Aborted: the start is given up, with all that it has started so far. */
  readonly signal?: AbortSignal
  readonly now?: () => number
  /** In place of the one that fetches from public addresses only. */
  readonly fetcher?: UrlFetcher
}

export interface Service {
  /** `http://127.0.0.1:7011` */
  readonly url: string
  /** As it is in force. */
  readonly config: Config
  /** How the manager is now; resolves once it has been asked for the first time. */
  readonly managerReadiness: Promise<Readiness>
  /** Why the demo agent answers in place of the CLI; null: it does not. */
  readonly demoReason: NotReady | null
  /** Rejects when the ledger does not answer: the service runs, and cannot do its work. */
  check(): Promise<void>
  /** Drains, interrupts what is left, ends every process and closes the ledger. Safe twice. */
  stop(): Promise<void>
}

/** Started resources, released last in first out, each in its own try: one failure must not keep the others. */
class Releasers {
  readonly #log: ServiceLog
  readonly #steps: { readonly name: string; readonly release: () => unknown }[] = []

  constructor(log: ServiceLog) {
    this.#log = log
  }

  add(name: string, release: () => unknown): void {
    this.#steps.push({ name, release })
  }

  async releaseAll(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.release()
      } catch (error) {
        this.#log.error({ err: error, step: step.name }, "a part of the service did not stop cleanly")
      }
    }
  }
}

/**
 * Wires everything and starts it: home and its lock, ledger, manager, engine, HTTP. Rejects with an error for people
 * (`ProxyError`, `ConfigError`) after releasing what was started.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { signal } = options
  const releasers = new Releasers(options.log)
  // Ends what the start waits for (a CLI that hangs), upon which the start goes on and finds that it is not wanted.
  const giveUp = (): void => void releasers.releaseAll()
  signal?.addEventListener("abort", giveUp)
  try {
    const service = await start(options, releasers)
    signal?.throwIfAborted()
    return service
  } catch (error) {
    await releasers.releaseAll()
    throw error
  } finally {
    signal?.removeEventListener("abort", giveUp)
  }
}

async function start(options: ServiceOptions, releasers: Releasers): Promise<Service> {
  const { config: base, log } = options
  const now = options.now ?? Date.now
  let phase: ServicePhase = "starting"

  for (const warning of await openHome(base.home)) log.warn({}, warning)
  const lock = await lockHome(base.home)
  releasers.add("home lock", () => lock.release())
  const config = (await options.completeConfig?.(base)) ?? base
  const store = await openSqliteStore(`${config.home}/state.db`)
  releasers.add("ledger", () => store.close())

  const profile = await ensureAgentWorkspace(config.home, {
    role: "manager",
    name: null,
    workingDirectory: config.workingDirectory,
  })
  await clearUnkept(profile.workspace)
  const files = new DiskFileLibrary({
    folder: join(config.home, "files"),
    ledger: store.files,
    limits: config.limits,
    now,
    log: (level, message, fields) => log[level](fields ?? {}, message),
  })
  releasers.add("uploaded files", () => files.stop())
  await files.start()
  const channels = new ToolChannels()
  const manager = await startManager({ ...options, config }, { profile, channels, now, releasers })
  options.signal?.throwIfAborted()
  const team = new Team({
    engine: () => engine,
    limits: config.limits,
    now,
    log: (level, message, fields) => log[level](fields ?? {}, message),
  })
  const engine: AgentEngine = new AgentEngine({
    store,
    agents: [manager.agent],
    sessions: config.sessions,
    unknownModel: config.unknownModel,
    model: config.model,
    limits: config.limits,
    settings: {
      turnMs: config.limits.turnMs,
      silenceMs: config.limits.silenceMs,
      reconnectMs: config.limits.reconnectMs,
      interruptMs: 15_000,
      maxCharacters: 64 * 1024 * 1024,
      parkMs: config.limits.parkMs,
    },
    inputs: {
      files,
      inbox: new InboxFolder(),
      fetcher: config.fetchUrls ? (options.fetcher ?? new GuardedFetcher()) : null,
      limits: config.limits,
    },
    serviceTools: team,
    now,
    log: (level, message, fields) => log[level](fields ?? {}, message),
  })
  let server: HttpServer | null = null
  // Below the engine: connections stay open while turns drain, their answers have to get out.
  releasers.add("http server", () => server?.close())
  releasers.add("functions for CLIs", () => channels.stop())
  releasers.add("engine", () => {
    phase = "stopping"
    return engine.stop(config.limits.drainMs)
  })
  const { managerReadiness } = await engine.start()

  const app = createHttpApp({
    engine,
    files,
    channels,
    config,
    version,
    startedAt: now(),
    servicePhase: () => phase,
    log: (entry) => logRequest(log, entry),
    now,
  })
  const upgrades = new WebSocketEndpoint({ engine, config, log: (entry) => logRequest(log, entry) })
  server = await startHttpServer(app, { host: config.host, port: config.port, upgrades })
  channels.listening(`${server.localUrl}/mcp`)
  phase = "running"

  let stopping: Promise<void> | null = null
  return {
    url: server.url,
    config,
    managerReadiness,
    demoReason: manager.demoReason,
    check: async () => {
      await store.findThread("")
    },
    stop: () => {
      stopping ??= releasers.releaseAll()
      return stopping
    },
  }
}

interface ManagerParts {
  readonly profile: AgentProfile
  readonly channels: ToolChannels
  readonly now: () => number
  readonly releasers: Releasers
}

async function startManager(
  options: ServiceOptions,
  { profile, channels, now, releasers }: ManagerParts,
): Promise<{ readonly agent: Agent; readonly demoReason: NotReady | null }> {
  const { config, env, log } = options
  const agentLog = { agent: profile.id }
  let agent: Agent | null = null
  let backend: Backend = createBackend({
    kind: null,
    executable: config.cli,
    cwd: profile.workspace,
    env,
    passEnv: config.passEnv,
    model: config.model,
    permissions: "full",
    toolEndpoint: channels,
    resumesLast: config.sessions === "shared",
    onEvent: (event) => {
      logBackendEvent(log, profile.id, event)
      if (event.type === "account.changed") void agent?.check()
    },
    log: (level, message, fields) => log[level]({ ...agentLog, ...fields }, message),
  })
  let demoReason: NotReady | null = null
  const cli = backend
  releasers.add("the manager's CLI", () => cli.stop())
  if (options.demoFallback === true) {
    const readiness = await backend.readiness()
    if (!readiness.isReady) {
      await backend.stop()
      backend = createDemoBackend()
      demoReason = readiness
    }
  }
  agent = new Agent({
    profile,
    backend,
    program: demoReason === null ? config.cli : "built in",
    preamble: () => threadPreamble(profile, { now: new Date(now()) }),
    loadedThreads: config.limits.loadedThreads,
    threadIdleMs: config.limits.threadIdleMs,
    now,
    log: (level, message, fields) => log[level](fields ?? {}, message),
  })
  return { agent, demoReason }
}

function logBackendEvent(log: ServiceLog, agentId: string, event: BackendEvent): void {
  const { type, ...fields } = event
  const level = type === "process.exited" || type === "turn.uninvited" ? "warn" : "info"
  log[level]({ agent: agentId, ...fields }, type)
}

function logRequest(log: ServiceLog, entry: HttpLogEntry): void {
  const { error, ...fields } = entry
  if (entry.status >= 500) log.error({ ...fields, err: error }, "request failed")
  else log.info(fields, "request")
}
