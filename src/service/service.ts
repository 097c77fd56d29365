import { type Config, version } from "../config/config.ts"
import { controlSocketOf } from "../config/control-socket.ts"
import { principalsOf } from "../config/settings.ts"
import type { NotReady, Readiness } from "../domain/agents.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import type { LaterPart } from "../domain/later-part.ts"
import type { Log } from "../domain/log.ts"
import type { Roster } from "../domain/roster.ts"
import { AgentEngine, engineLaterParts } from "../engine/create-engine.ts"
import { GuardedFetcher } from "../fetch/guarded-fetcher.ts"
import { createAgentsApp, createHttpApp } from "../http/http-app.ts"
import { openApiModule } from "../http/resources/discovery-routes.ts"
import { ControlSocket } from "../http/server/control-socket.ts"
import type { HttpLogEntry } from "../http/server/http-env.ts"
import { bindHttpServer } from "../http/server/http-server.ts"
import { createServiceBounds } from "../http/server/service-bounds.ts"
import { WebSocketEndpoint } from "../http/turns/websocket-endpoint.ts"
import { ToolChannels } from "../mcp/tool-channels.ts"
import { AgentReplies } from "../team/agent-replies.ts"
import { AgentTokens } from "../team/agent-tokens.ts"
import { Team, teamTools } from "../team/team.ts"
import { InboxFolder } from "../workspace/agent/inbox-folder.ts"
import { oldReplies } from "../workspace/take-over/old-replies.ts"
import { takenOverBefore } from "../workspace/take-over/taken-over-record.ts"
import { HomeWatch, storageProblemOf } from "./home-watch.ts"
import { MainConversationFiles } from "./main-conversations.ts"
import { oldSession } from "./old-session.ts"
import { type OpenLedger, type OwnHome, openLedger, takeHome } from "./open-home.ts"
import type { ServiceRoster } from "./service-roster.ts"
import { startRoster } from "./start-roster.ts"
import { type ServiceOptions, type Starting, startingOf } from "./starting.ts"

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
  /** For a process that ends at once, also in the middle of `stop`: breaks answers off. */
  breakOff(): Promise<void>
}

/**
 * Wires everything and starts it: home and its lock, ledger, manager, engine, HTTP. Rejects with an
 * error for people (`ProxyError`, `ConfigError`) after releasing what was started.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { signal } = options
  const starting = startingOf(options)
  const { releasers } = starting
  // Ends what the start waits for (a CLI that hangs), upon which the start goes on and finds that
  // it is not wanted.
  const giveUp = (): void => void releasers.releaseAll()
  signal?.addEventListener("abort", giveUp)
  try {
    const service = await start(starting)
    signal?.throwIfAborted()
    return service
  } catch (error) {
    await releasers.releaseAll()
    throw error
  } finally {
    signal?.removeEventListener("abort", giveUp)
  }
}

async function start(starting: Starting): Promise<Service> {
  const home = await takeHome(starting)
  const { config } = home
  const ledger = await openLedger(starting, home)
  const doors = await bindDoors(starting, config)
  const roster = await startRoster(starting, config, ledger.store, doors)
  const work = await startEngine(starting, config, ledger, doors, roster)
  const managerReadiness = roster.managerReadiness()
  // What is deleted in the ledger is to be deleted in the CLI, too.
  void managerReadiness.then(() => work.engine.sweep())
  const url = await openDoors(starting, home, ledger, doors, work, roster)

  const { releasers } = starting
  let stopping: Promise<void> | null = null
  return {
    url,
    config,
    managerReadiness,
    roster,
    demoReason: roster.demoReason,
    check: async () => {
      await ledger.store.findThread("")
    },
    stop: () => {
      stopping ??= releasers.releaseAll()
      return stopping
    },
    breakOff: () => doors.server.breakOff(),
  }
}

/**
 * The third step: where requests come in, and the limits and tokens of those who make them. Nothing
 * is served yet; it is made before the agents are started, which are told where the service is.
 */
async function bindDoors({ options, log, releasers }: Starting, config: Config) {
  const bounds = createServiceBounds(config, log)
  const server = await bindHttpServer({
    // Even on its socket only, for CLIs that call functions over MCP.
    ...(options.isOnSocketOnly === true
      ? { host: "127.0.0.1", port: 0 }
      : { host: config.host, port: config.port }),
    connections: bounds.connections,
  })
  releasers.add("address", () => server.close())
  const socket = new ControlSocket(controlSocketOf(config.home))
  return { bounds, server, socket, channels: new ToolChannels(), agentTokens: new AgentTokens() }
}

type Doors = Awaited<ReturnType<typeof bindDoors>>

/** The fifth step: from now on turns are run. */
async function startEngine(
  { options, now, log, releasers, life }: Starting,
  config: Config,
  { store, ages, files }: OpenLedger,
  { server, socket, channels }: Doors,
  roster: ServiceRoster,
) {
  const { limits, sessions, unknownModel } = config
  const team = new Team(log)
  const engine = new AgentEngine({
    store,
    roster,
    requests: {
      sessions,
      unknownModel,
      tellsMetadata: config.tellMetadata ?? (await takenOverBefore(config.home)) !== null,
    },
    limits: {
      ...limits,
      callers: principalsOf(config).size,
      turn: { ...limits, interruptMs: 15_000, maxCharacters: 64 * 1024 * 1024 },
    },
    inputs: {
      files,
      inbox: new InboxFolder(),
      fetcher: config.fetchUrls ? (options.fetcher ?? new GuardedFetcher()) : null,
      limits,
    },
    service: {
      tools: team,
      earlierPast: await oldSession(config, log),
      onTurnFinished: (turn) => roster.turnFinished(turn),
    },
    clock: { now, ages },
    log,
  })
  const replies = new AgentReplies({ engine, store, now, older: () => oldReplies(config.home, log) })
  team.give(teamTools({ engine, limits, roster, replies, now }))
  // Below the engine: connections stay open while turns drain, their answers have to get out.
  releasers.add("http server", () => server.close())
  releasers.add("socket", () => socket.close())
  releasers.add("functions for CLIs", () => channels.stop())
  releasers.add("engine", () => {
    life.phase = "stopping"
    return engine.stop(limits.drainMs)
  })
  roster.connect(engine)
  await engine.start()
  return { engine, replies }
}

/** Everything is there: requests are served. Resolves with the address. */
async function openDoors(
  { options, log, releasers, life }: Starting,
  { config, lock }: OwnHome,
  { store, files }: OpenLedger,
  { bounds, server, socket, channels, agentTokens }: Doors,
  { engine, replies }: Awaited<ReturnType<typeof startEngine>>,
  roster: Roster,
): Promise<string> {
  const startedAt = performance.now()
  const parts = {
    engine,
    files,
    channels,
    agentTokens,
    replies,
    config,
    bounds,
    service: {
      version,
      uptimeMs: () => performance.now() - startedAt,
      phase: () => life.phase,
      storageProblem: storageProblemOf(store),
    },
    openApi: openApiModule(),
    log: (entry: HttpLogEntry) => logRequest(log, entry),
  }
  const sockets = new WebSocketEndpoint(parts)
  if (options.isOnSocketOnly === true) server.serve(createAgentsApp(parts))
  else server.serve(createHttpApp(parts), sockets)
  channels.listening(`${server.localUrl}/mcp`)
  const url = options.isOnSocketOnly === true ? `unix:${socket.path}` : server.url
  const mainConversations = new MainConversationFiles(engine.conversations, config.home, log)
  const control = { roster, mainConversations, url: () => url }
  await socket.serve(createHttpApp({ ...parts, control }))
  const watch = new HomeWatch({
    home: config.home,
    lock,
    socketPath: socket.path,
    remakeSocket: () => socket.remake(),
    log,
  })
  releasers.add("watch of the home", () => watch.stop())
  watch.start()
  life.phase = "running"
  const laterParts = [sockets.library, parts.openApi, ...engineLaterParts]
  releasers.add("parts of the program to come", loadLater(laterParts, log))
  return url
}

/** Only what went wrong: a turn has a line of its own, and who looks again is no news. */
function logRequest(log: Log, entry: HttpLogEntry): void {
  const { error, ...fields } = entry
  // A person has to mend it here, not the client.
  const isNotReady = error instanceof ProxyError && error.code === "agent_not_ready"
  if (entry.status >= 500 || isNotReady) log("error", "request failed", { ...fields, err: error })
  else if (entry.status >= 400) log("info", "request refused", { ...fields, ...refusalOf(error) })
  else log("debug", "request", fields)
}

/** Without its message: that may quote what a client sent. */
function refusalOf(error: unknown): object {
  return error instanceof ProxyError ? { code: error.code, param: error.param } : {}
}

/** The start is over by then, its first requests are served; an upgrade is not yet likely. */
const afterMs = 1000

/**
 * Brings the rest of the program into memory once the service has been up for a moment: an upgrade
 * may take its files from then on. Returns what calls it off.
 */
function loadLater(parts: readonly LaterPart<unknown>[], log: Log): () => void {
  const load = async (): Promise<void> => {
    try {
      // One after the other: a request may come in between.
      for (const part of parts) await part.get()
      log("debug", "the whole program is in memory")
    } catch (error) {
      log("warn", `a part of the program cannot be loaded: ${messageOf(error)}`, { err: error })
    }
  }
  const timer = setTimeout(() => void load(), afterMs)
  timer.unref()
  return () => clearTimeout(timer)
}
