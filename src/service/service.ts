import { dirname, join } from "node:path"
import type { AgentBackendOptions } from "../backends/create-backend.ts"
import { type Config, principalsOf, version } from "../config/config.ts"
import type { NotReady, Readiness } from "../domain/backend.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import type { UrlFetcher } from "../domain/files.ts"
import type { LaterPart } from "../domain/later-part.ts"
import type { Log } from "../domain/log.ts"
import type { Roster } from "../domain/roster.ts"
import { schemaWorker } from "../engine/answer/schema-worker.ts"
import { AgentEngine } from "../engine/create-engine.ts"
import { AgeClock } from "../engine/log/age-clock.ts"
import { GuardedFetcher } from "../fetch/guarded-fetcher.ts"
import { createAgentsApp, createHttpApp } from "../http/http-app.ts"
import { openApiModule } from "../http/resources/discovery-routes.ts"
import { type ControlSocket, startControlSocket } from "../http/server/control-socket.ts"
import type { HttpLogEntry, ServicePhase } from "../http/server/http-env.ts"
import { bindHttpServer } from "../http/server/http-server.ts"
import { createServiceBounds } from "../http/server/service-bounds.ts"
import { WebSocketEndpoint, webSocketLibrary } from "../http/turns/websocket-endpoint.ts"
import { ToolChannels } from "../mcp/tool-channels.ts"
import { agentVariables } from "../programs/child-environment.ts"
import { DiskFileLibrary } from "../storage/files/disk-file-library.ts"
import { isLedgerGone, isLogGone, ledgerCommand } from "../storage/sqlite/ledger-damage.ts"
import { openSqliteStore } from "../storage/sqlite/open-sqlite-store.ts"
import { AgentReplies } from "../team/agent-replies.ts"
import { AgentTokens } from "../team/agent-tokens.ts"
import { Team } from "../team/team.ts"
import { ensureAgentWorkspace } from "../workspace/agent/agent-workspace.ts"
import { InboxFolder } from "../workspace/agent/inbox-folder.ts"
import { openHome, sweepTemporaries } from "../workspace/home/home.ts"
import { lockHome } from "../workspace/home/home-lock.ts"
import { RosterFolder } from "../workspace/home/roster-folder.ts"
import { oldReplies } from "../workspace/take-over/old-replies.ts"
import { takenOverBefore, takeOverHome, takeOverLines } from "../workspace/take-over/taken-over-record.ts"
import { HomeWatch, storageProblemOf } from "./home-watch.ts"
import { writeAgentCommand } from "./launch-agent.ts"
import { MainConversationFiles } from "./main-conversations.ts"
import { oldSession } from "./old-session.ts"
import type { ServiceLog } from "./service-log.ts"
import { ServiceRoster } from "./service-roster.ts"

export interface ServiceOptions {
  readonly config: Config
  /** Last touches, made when the home is ours alone: what a second daemon must not do. */
  readonly completeConfig?: (config: Config) => Promise<Config>
  readonly log: ServiceLog
  /** What agents' processes inherit from, through an allow-list. */
  readonly env: NodeJS.ProcessEnv
  /** Serve the built-in demo agent when the manager's CLI is not ready at the start. */
  readonly demoFallback?: boolean
  /** No TCP port for clients: only the socket in the home. */
  readonly isOnSocketOnly?: boolean
  /** Aborted: the start is given up, with all that it has started so far. */
  readonly signal?: AbortSignal
  readonly now?: () => number
  /** In place of the one that fetches from public addresses only. */
  readonly fetcher?: UrlFetcher
  /** In place of the defaults. */
  readonly codexTimeouts?: NonNullable<AgentBackendOptions["codexTimeouts"]>
}

export interface Service {
  /** `http://127.0.0.1:7011`; on its socket only: `unix:/home/ann/.ai_agent_proxy/daemon.sock`. */
  readonly url: string
  /** As it is in force. */
  readonly config: Config
  /** How the manager is now; resolves once it has been asked for the first time. */
  readonly managerReadiness: Promise<Readiness>
  readonly roster: Roster
  /** Why the demo agent answers in place of the CLI; null: it does not. */
  readonly demoReason: NotReady | null
  /** Rejects when the ledger does not answer: the service runs, and cannot do its work. */
  check(): Promise<void>
  /** Drains, interrupts what is left, ends every process and closes the ledger. Safe twice. */
  stop(): Promise<void>
  /** For a process that ends at once, without `stop` or in the middle of it: breaks open answers off. */
  breakOff(): Promise<void>
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
  const isLedgerCut = isLogGone(base.home)
  const lock = await lockHome(base.home)
  releasers.add("home lock", () => lock.release())
  const left = await sweepTemporaries(base.home, now())
  if (left.length > 0) log.info({ files: left }, "what a killed process had left half-written is removed")
  const config = (await options.completeConfig?.(base)) ?? base
  if (isLedgerCut) {
    log.warn(
      { home: config.home, next: "put state.db-wal back while the service is stopped, if you have it" },
      "the service was killed, and the ledger's write-ahead log (state.db-wal) is gone since: the newest answers may be missing",
    )
  }
  if (isLedgerGone(config.home)) {
    log.warn(
      { home: config.home, next: `${ledgerCommand("restore", `${config.home}/state.db`)} --from FILE` },
      "the home was used before, but there is no ledger (state.db): it begins with an empty one",
    )
  }
  const store = await openSqliteStore(`${config.home}/state.db`, config.ledgerDurability)
  releasers.add("ledger", () => store.close())

  const ages = await AgeClock.open(store, now)
  const files = new DiskFileLibrary({
    folder: join(config.home, "files"),
    ledger: store.files,
    limits: config.limits,
    now,
    believed: () => ages.believedWall(),
    log: (level, message, fields) => log[level](fields ?? {}, message),
  })
  releasers.add("uploaded files", () => files.stop())
  await files.start()
  const channels = new ToolChannels()
  // Before the agents are started: they are told where the service is.
  const isOnSocketOnly = options.isOnSocketOnly === true
  const tell: Log = (level, message, fields) => log[level](fields ?? {}, message)
  const bounds = createServiceBounds(config, tell)
  const server = await bindHttpServer({
    // Even then for CLIs that call functions over MCP.
    ...(isOnSocketOnly ? { host: "127.0.0.1", port: 0 } : { host: config.host, port: config.port }),
    connections: bounds.connections,
  })
  releasers.add("address", () => server.close())
  const agentTokens = new AgentTokens()
  const command = await writeAgentCommand(config.home)
  for (const line of takeOverLines(await takeOverHome(config.home, config))) log.info({}, line)
  await ensureAgentWorkspace(config.home, { role: "manager", name: null }, ({ message }) =>
    tell("warn", "a file or folder of the manager cannot be used", { problem: message }),
  )
  const roster = new ServiceRoster({
    folder: new RosterFolder(config.home, tell),
    config,
    env: options.env,
    log,
    now,
    demoFallback: options.demoFallback === true,
    toolEndpoint: channels,
    codexTimeouts: options.codexTimeouts ?? {},
    threads: store,
    agentEnv: (agent) => ({
      PATH: [dirname(command), options.env.PATH ?? ""].join(":"),
      [agentVariables.agent]: agent.id,
      [agentVariables.url]: server.localUrl,
      [agentVariables.token]: agentTokens.tokenOf(agent),
      [agentVariables.command]: command,
      [agentVariables.home]: config.home,
    }),
  })
  releasers.add("agents", () => roster.close())
  await roster.open()
  options.signal?.throwIfAborted()
  const older = () => oldReplies(config.home, tell)
  const replies = new AgentReplies({ engine: () => engine, store, now, older })
  const team = new Team({
    engine: () => engine,
    limits: config.limits,
    roster,
    replies,
    now,
    log: tell,
  })
  const engine: AgentEngine = new AgentEngine({
    store,
    roster,
    sessions: config.sessions,
    unknownModel: config.unknownModel,
    tellsMetadata: config.tellMetadata ?? (await takenOverBefore(config.home)) !== null,
    limits: config.limits,
    callers: principalsOf(config).size,
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
    earlierPast: await oldSession(config, tell),
    onTurnFinished: (turn) => roster.turnFinished(turn),
    now,
    ages,
    log: tell,
  })
  let socket: ControlSocket | null = null
  // Below the engine: connections stay open while turns drain, their answers have to get out.
  releasers.add("http server", () => server.close())
  releasers.add("socket", () => socket?.close())
  releasers.add("functions for CLIs", () => channels.stop())
  releasers.add("engine", () => {
    phase = "stopping"
    return engine.stop(config.limits.drainMs)
  })
  roster.connect(engine)
  await engine.start()
  const managerReadiness = roster.managerReadiness()
  // What is deleted in the ledger is to be deleted in the CLI, too.
  void managerReadiness.then(() => engine.sweep())

  const parts = {
    engine,
    files,
    channels,
    agentTokens,
    replies,
    config,
    bounds,
    version,
    startedAt: performance.now(),
    servicePhase: () => phase,
    storageProblem: storageProblemOf(store),
    log: (entry: HttpLogEntry) => logRequest(log, entry),
    now: () => performance.now(),
  }
  if (isOnSocketOnly) server.serve(createAgentsApp(parts))
  else server.serve(createHttpApp(parts), new WebSocketEndpoint({ engine, config, bounds, log: parts.log }))
  channels.listening(`${server.localUrl}/mcp`)
  const socketPath = join(config.home, "daemon.sock")
  const url = isOnSocketOnly ? `unix:${socketPath}` : server.url
  const mainConversations = new MainConversationFiles(engine.conversations, config.home, tell)
  const control = { roster, mainConversations, url: () => url }
  const ownSocket = await startControlSocket(createHttpApp({ ...parts, control }), socketPath)
  socket = ownSocket
  const watch = new HomeWatch({
    home: config.home,
    lock,
    socketPath,
    remakeSocket: () => ownSocket.remake(),
    log: tell,
  })
  releasers.add("watch of the home", () => watch.stop())
  watch.start()
  phase = "running"
  releasers.add("parts of the program to come", loadLaterParts(log))

  let stopping: Promise<void> | null = null
  return {
    url,
    config,
    managerReadiness,
    roster,
    demoReason: roster.demoReason,
    check: async () => {
      await store.findThread("")
    },
    stop: () => {
      stopping ??= releasers.releaseAll()
      return stopping
    },
    breakOff: () => server.breakOff(),
  }
}

/** A turn has a line of its own, and what looks again and again is no news: only what went wrong is told of a request. */
function logRequest(log: ServiceLog, entry: HttpLogEntry): void {
  const { error, ...fields } = entry
  // A person has to mend it here, not the client.
  const isNotReady = error instanceof ProxyError && error.code === "agent_not_ready"
  if (entry.status >= 500 || isNotReady) log.error({ ...fields, err: error }, "request failed")
  else if (entry.status >= 400) log.info({ ...fields, ...refusalOf(error) }, "request refused")
  else log.debug(fields, "request")
}

/** Without its message: that may quote what a client sent. */
function refusalOf(error: unknown): object {
  return error instanceof ProxyError ? { code: error.code, param: error.param } : {}
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

/** Everything of the program that is not in memory when it listens. */
const laterParts: readonly LaterPart<unknown>[] = [webSocketLibrary, openApiModule, schemaWorker]

/** By then the start is over, its turns and its first requests are served; an upgrade is not yet likely. */
const afterMs = 1000

/**
 * Brings the rest of the program into memory once the service has been up for a moment: an upgrade may take its files from
 * then on. Returns what calls it off.
 */
function loadLaterParts(log: ServiceLog): () => void {
  const timer = setTimeout(() => void load(log), afterMs)
  timer.unref()
  return () => clearTimeout(timer)
}

async function load(log: ServiceLog): Promise<void> {
  try {
    // One after the other: a request may come in between.
    for (const part of laterParts) await part.get()
    log.debug({}, "the whole program is in memory")
  } catch (error) {
    log.warn({ err: error }, `a part of the program cannot be loaded: ${messageOf(error)}`)
  }
}
