import { onTestFinished } from "vitest"
import type { Config, Limits } from "../../src/config/config.ts"
import { ProxyError } from "../../src/domain/errors.ts"
import type { FileLibrary } from "../../src/domain/files.ts"
import type { KeptReply } from "../../src/domain/replies.ts"
import type { Store } from "../../src/domain/store.ts"
import { createHttpApp } from "../../src/http/http-app.ts"
import { openApiModule } from "../../src/http/resources/discovery-routes.ts"
import type { HttpApp, HttpLogEntry } from "../../src/http/server/http-env.ts"
import { type HttpServer, startHttpServer } from "../../src/http/server/http-server.ts"
import type { ServicePhase } from "../../src/http/server/route-parts.ts"
import { createServiceBounds, type ServiceBounds } from "../../src/http/server/service-bounds.ts"
import type { ControlOptions } from "../../src/http/status/control-routes.ts"
import { WebSocketEndpoint } from "../../src/http/turns/websocket-endpoint.ts"
import { ToolChannels } from "../../src/mcp/tool-channels.ts"
import { AgentReplies } from "../../src/team/agent-replies.ts"
import { AgentTokens } from "../../src/team/agent-tokens.ts"
import { FakeEngine } from "./fake-engine.ts"

export interface FixtureOptions {
  readonly config?: Partial<Omit<Config, "limits">>
  readonly limits?: Partial<Limits>
  readonly phase?: ServicePhase
  /** Why nothing can be stored. */
  readonly storageProblem?: ProxyError
  /** Default: a library that has none and takes none. */
  readonly files?: FileLibrary
  /** What agents said when nobody was waiting. */
  readonly outbox?: readonly KeptReply[]
  /** The app of the socket in the home; none of its routes does anything. */
  readonly isControl?: boolean
  /** WebSockets at once. */
  readonly maxSockets?: number
  /** How long the server waits for open answers when it closes; default: not at all. */
  readonly closeGraceMs?: number
}

export interface AppFixture {
  readonly app: HttpApp
  readonly engine: FakeEngine
  readonly channels: ToolChannels
  readonly agentTokens: AgentTokens
  readonly entries: HttpLogEntry[]
  readonly bounds: ServiceBounds
  /** Messages of the log with their fields, but for the requests. */
  readonly logged: string[]
}

export interface ServerFixture extends AppFixture {
  readonly server: HttpServer
}

function testConfig({ config = {}, limits = {} }: FixtureOptions = {}): Config {
  return {
    home: "/home/ann/.ai_agent_proxy",
    host: "127.0.0.1",
    port: 8080,
    apiKeys: new Map(),
    cli: "codex",
    cliCommands: [{ program: "codex", args: [] }],
    workingDirectory: "/home/ann/.openclaw/workspace",
    passEnv: [],
    sessions: "separate",
    unknownModel: "manager",
    sessionHeaders: ["x-session-id", "x-openwebui-chat-id"],
    trustedProxies: [],
    fetchUrls: true,
    looseBodies: true,
    tellMetadata: null,
    ledgerDurability: "normal",
    model: null,
    ...config,
    limits: {
      connections: 1024,
      bodyBytes: 16 * 1024 * 1024,
      bodiesBytes: 64 * 1024 * 1024,
      jsonDepth: 64,
      fileBytes: 1024 * 1024,
      fileTotalBytes: 4 * 1024 * 1024,
      unreadBytes: 64 * 1024 * 1024,
      unreadMs: 60_000,
      turnsPerAgent: 64,
      turnsTotal: 256,
      loadedThreads: 8,
      threadIdleMs: 60_000,
      turnMs: 60_000,
      silenceMs: 60_000,
      reconnectMs: 60_000,
      parkMs: 60_000,
      teamDepth: 3,
      teamTasks: 16,
      teamAgents: 16,
      teamWaitMs: 60_000,
      disconnectGraceMs: 20,
      repeatGraceMs: 20,
      drainMs: 1000,
      keepAliveMs: 15_000,
      retentionDays: 0,
      ...limits,
    },
  }
}

export function appFixture(options: FixtureOptions = {}): AppFixture {
  const engine = new FakeEngine()
  const channels = new ToolChannels()
  const agentTokens = new AgentTokens()
  const entries: HttpLogEntry[] = []
  const logged: string[] = []
  const config = testConfig(options)
  const bounds = createServiceBounds(config, (level, message, fields) => {
    logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
  })
  const app = createHttpApp({
    engine,
    channels,
    agentTokens,
    replies: new AgentReplies({
      engine,
      store: storeOf(options.outbox ?? []),
      now: () => 1_790_000_000_000,
    }),
    openApi: openApiModule(),
    files: options.files ?? noFiles,
    config,
    bounds,
    service: {
      version: "9.8.7",
      uptimeMs: () => 90_000,
      phase: () => options.phase ?? "running",
      storageProblem: async () => options.storageProblem ?? null,
    },
    log: (entry) => entries.push(entry),
    // No test gets as far as to ask them for anything.
    ...(options.isControl === true && { control: {} as ControlOptions }),
  })
  return { app, engine, channels, agentTokens, entries, bounds, logged }
}

/** A ledger that has replies only: nothing else that these tests ask for gets that far. */
function storeOf(outbox: readonly KeptReply[]): Store {
  return new Proxy({} as Store, {
    get: (_, name) => {
      if (name === "replies") return { outbox: async () => outbox }
      throw new Error(`the ledger's ${String(name)} was asked for`)
    },
  })
}

const noFile = async (_principal: string, id: string) => {
  throw new ProxyError("file_not_found", `No such file: '${id}'.`)
}

const noFiles: FileLibrary = {
  find: noFile,
  open: noFile,
  remove: noFile,
  list: async () => [],
  receive: async () => {
    throw new ProxyError("file_storage_full", "No file is taken.")
  },
}

/** The app on a free loopback port until the test is over. */
export async function serverFixture(options: FixtureOptions = {}): Promise<ServerFixture> {
  const fixture = appFixture(options)
  const upgrades = new WebSocketEndpoint({
    engine: fixture.engine,
    config: testConfig(options),
    bounds: fixture.bounds,
    log: (entry) => fixture.entries.push(entry),
    ...(options.maxSockets !== undefined && { maxSockets: options.maxSockets }),
  })
  const server = await startHttpServer(fixture.app, {
    host: "127.0.0.1",
    port: 0,
    closeGraceMs: options.closeGraceMs ?? 0,
    connections: fixture.bounds.connections,
    upgrades,
  })
  fixture.channels.listening(`${server.localUrl}/mcp`)
  onTestFinished(() => server.close())
  return { ...fixture, server }
}

/** Waits for a condition; fails with its name when the deadline passes. */
export async function until(name: string, condition: () => boolean, deadlineMs = 5000): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Deadline passed: ${name}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The body of an answer, in whichever form; the assertions say which. */
// biome-ignore lint/suspicious/noExplicitAny: wire objects of many forms, which the tests look into freely
export async function jsonOf(answer: Response): Promise<any> {
  return answer.json()
}
