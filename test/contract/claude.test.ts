import { readdirSync } from "node:fs"
import { join } from "node:path"
import { describe, it, vi } from "vitest"
import { ClaudeBackend } from "../../src/backends/claude/backend.ts"
import { defaultMaxIdle } from "../../src/backends/claude/options.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import { startModelServer } from "../model-server/model-server.ts"
import { developerTextOf, userTextsOf } from "../model-server/request-readers.ts"
import { createClaudeHome } from "../support/claude-home.ts"
import { startMcpEndpoint } from "../support/mcp-endpoint.ts"
import { descendantsOf, isRunning } from "../support/processes.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { waitFor } from "../support/wait-for.ts"
import type { BackendHarness, ContractPrompts } from "./backend/harness.ts"
import { describeBackendContract } from "./backend-contract.ts"

// Each thread is a process that takes a second to start, several on a machine that has other work.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const executable = testCli("claude")

if (executable === null) describe("claude", () => it.skip(missingCli("claude"), () => {}))
else describeBackendContract("claude", () => prepare(executable))

const prompts: ContractPrompts = {
  say: (text) => `[[say:${text}]]`,
  count: (to) => `[[slow:${to}:20]]`,
  recall: "[[history]]",
  recalled: (answer) => {
    const messages: { role: string; text: string }[] = JSON.parse(answer)
    return messages.filter((message) => message.role === "user").map((message) => message.text)
  },
  call: (name, args) => `[[tool:${name}:${JSON.stringify(args)}]]`,
  image: "[[image]]",
  schema: "[[schema]]",
  fail: (status) => `[[status:${status}]]`,
  shell: (command) => `[[shell:${command}]]`,
  cut: "[[drop]]",
  silence: "[[silent]]",
  flood: (count) => `[[deltas:${count}]]`,
  callsAtOnce: (calls) => calls.map(({ name, args }) => `[[tool:${name}:${JSON.stringify(args)}]]`).join(""),
}

async function prepare(file: string): Promise<BackendHarness> {
  const modelServer = await startModelServer()
  const claudeHome = await createClaudeHome({ modelUrl: modelServer.url })
  const mcp = await startMcpEndpoint()
  const workspace = await createTempDir("workspace")
  const pids = new Set<number>()
  const create = (idleMs?: number) =>
    new ClaudeBackend({
      executable: file,
      cwd: workspace.path,
      env: claudeHome.env,
      model: null,
      permissions: "full",
      toolEndpoint: mcp.endpoint,
      memory: new BackendMemory(),
      onEvent: (event) => {
        if (event.type === "process.started") pids.add(event.pid)
        if (event.type === "process.exited") pids.delete(event.pid)
      },
      log: () => {},
      ...(idleMs === undefined ? {} : { timeouts: { idleMs } }),
    })
  return {
    backend: create(),
    another: async (idleMs) => create(idleMs),
    restsWhenIdle: true,
    addMcpServer: claudeHome.addMcpServer,
    programLine: /^\S*claude\b/,
    warmProcesses: defaultMaxIdle,
    column: "claude",
    isModelAsked: () => modelServer.nextRequest(),
    posted: () => JSON.stringify(modelServer.requests.at(-1)?.posted),
    heard: () => modelServer.requests.slice(-1).flatMap((request) => userTextsOf(request)),
    workspace: workspace.path,
    prompts,
    documentedAs: "claude",
    developerText: () => {
      const request = modelServer.requests.at(-1)
      return request === undefined ? "" : developerTextOf(request)
    },
    crash: async () => {
      const killed = [...pids]
      for (const pid of killed) process.kill(pid, "SIGKILL")
      await waitFor(() => !killed.some(isRunning), { what: "claude to be dead" })
    },
    records: () => {
      const projects = join(claudeHome.home, "projects")
      return readdirSync(projects, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".jsonl"))
        .toSorted()
    },
    recordFolders: [join(claudeHome.home, "projects")],
    processes: () => [...pids].flatMap((pid) => [pid, ...descendantsOf(pid).map((entry) => entry.pid)]),
    remove: async () => {
      await modelServer.close()
      await mcp.close()
      await claudeHome.remove()
      await workspace.remove()
    },
  }
}
