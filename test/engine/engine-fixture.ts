import { join } from "node:path"
import { onTestFinished } from "vitest"
import type { Limits } from "../../src/config/config.ts"
import { resolveConfig } from "../../src/config/resolve-config.ts"
import type { FileLibrary } from "../../src/domain/files.ts"
import type { Store } from "../../src/domain/store.ts"
import type { Member } from "../../src/engine/agents/agent.ts"
import { Agent } from "../../src/engine/agents/agent.ts"
import { AgentEngine } from "../../src/engine/create-engine.ts"
import type { EarlierPast } from "../../src/engine/engine.ts"
import { AgeClock } from "../../src/engine/log/age-clock.ts"
import { createHttpApp } from "../../src/http/http-app.ts"
import { openApiModule } from "../../src/http/resources/discovery-routes.ts"
import { startHttpServer } from "../../src/http/server/http-server.ts"
import { createServiceBounds } from "../../src/http/server/service-bounds.ts"
import { WebSocketEndpoint } from "../../src/http/turns/websocket-endpoint.ts"
import { ToolChannels } from "../../src/mcp/tool-channels.ts"
import { DiskFileLibrary } from "../../src/storage/files/disk-file-library.ts"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { AgentReplies } from "../../src/team/agent-replies.ts"
import { AgentTokens } from "../../src/team/agent-tokens.ts"
import { Colleagues } from "../../src/team/colleagues.ts"
import { ensureAgentWorkspace } from "../../src/workspace/agent/agent-workspace.ts"
import { InboxFolder } from "../../src/workspace/agent/inbox-folder.ts"
import { openHome } from "../../src/workspace/home/home.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { DrivenBackend } from "./driven-backend.ts"
import { HeldLedger } from "./held-ledger.ts"

export interface EngineFixture {
  readonly engine: AgentEngine
  readonly backend: DrivenBackend
  readonly ledger: HeldLedger
  readonly colleagues: Colleagues
  readonly files: FileLibrary
  /** Of the HTTP service over it: `http://127.0.0.1:49152`. */
  readonly url: string
}

export interface EngineFixtureOptions {
  /** In place of an empty one; it is not closed. */
  readonly store?: Store
  readonly limits?: Partial<Limits>
  readonly now?: () => number
  /** What was before the ledger, of this home. */
  readonly earlierPast?: (home: string) => Promise<EarlierPast | undefined>
}

/** The engine with the HTTP service over it until the test is over; its one agent does as the test says. */
export async function engineFixture(options: EngineFixtureOptions = {}): Promise<EngineFixture> {
  const now = options.now ?? Date.now
  const folder = await createTempDir("engine")
  const home = join(folder.path, "home")
  const base = resolveConfig({
    flags: { home, port: "0", workingDir: join(folder.path, "work") },
    env: {},
    homeDir: folder.path,
    readFile: () => null,
  })
  const config = { ...base, limits: { ...base.limits, disconnectGraceMs: 20, ...options.limits } }
  await openHome(home)
  await ensureAgentWorkspace(home, { role: "manager", name: null })
  const store = options.store ?? (await openSqliteStore(":memory:"))
  const ledger = new HeldLedger(store)
  const backend = new DrivenBackend()
  const log = () => {}
  const workspace = join(home, "manager")
  const agent = new Agent({
    profile: {
      id: "manager",
      identity: "agent-1",
      role: "manager",
      name: "",
      workspace,
      workingDirectory: workspace,
    },
    backend,
    program: "driven",
    instructions: { preamble: async () => "" },
    limits: { loadedThreads: 8, threadIdleMs: 600_000 },
    now,
    log,
  })
  await agent.start()
  const member: Member = {
    id: "manager",
    identity: "agent-1",
    name: "manager",
    workspace,
    agent,
    claim: async () => ({ agent, release: () => {} }),
    status: (turns) => agent.status(turns),
  }
  const files = new DiskFileLibrary({
    folder: join(home, "files"),
    ledger: store.files,
    limits: config.limits,
    now,
    log,
  })
  await files.start()
  const engine = new AgentEngine({
    store: ledger.store,
    roster: { members: [member] },
    requests: { sessions: config.sessions, unknownModel: "manager" },
    limits: {
      ...config.limits,
      callers: 1,
      turn: { ...config.limits, interruptMs: 1000, maxCharacters: 1_000_000 },
    },
    inputs: { files, inbox: new InboxFolder(), fetcher: null, limits: config.limits },
    service: { earlierPast: await options.earlierPast?.(home) },
    clock: { now, ages: await AgeClock.open(ledger.store, now) },
    log,
  })
  await engine.start()
  const bounds = createServiceBounds(config, log)
  const parts = {
    engine,
    files,
    channels: new ToolChannels(),
    agentTokens: new AgentTokens(),
    replies: new AgentReplies({ engine, store: ledger.store, now }),
    openApi: openApiModule(),
    config,
    bounds,
    service: {
      version: "0.0.0",
      uptimeMs: () => 0,
      phase: () => "running" as const,
      storageProblem: async () => null,
    },
    log,
  }
  const server = await startHttpServer(createHttpApp(parts), {
    host: "127.0.0.1",
    port: 0,
    closeGraceMs: 0,
    upgrades: new WebSocketEndpoint({ engine, config, bounds, log }),
  })
  onTestFinished(async () => {
    ledger.release()
    await engine.stop(0)
    await server.close()
    await agent.stop()
    files.stop()
    if (options.store === undefined) await store.close()
    await folder.remove()
  })
  return {
    engine,
    backend,
    ledger,
    colleagues: new Colleagues(engine, config.limits),
    files,
    url: server.localUrl,
  }
}
