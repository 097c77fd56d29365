import { join } from "node:path"
import { CodexBackend } from "../../src/backends/codex/backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import { startModelServer } from "../model-server/model-server.ts"
import { developerTextOf, userTextsOf } from "../model-server/request-readers.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { codexRecords } from "../support/codex-records.ts"
import { descendantsOf, isRunning } from "../support/processes.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"
import type { BackendHarness, ContractPrompts } from "./backend/harness.ts"
import { describeBackendContract } from "./backend-contract.ts"

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

// The name of the model decides how codex offers tools: directly, behind tool_search, or inside code mode.
for (const model of ["scripted-1", "gpt-5.5", "gpt-6-sol"]) {
  describeBackendContract(`codex app-server with ${model}`, () => prepare(model))
}

async function prepare(model: string): Promise<BackendHarness> {
  const modelServer = await startModelServer()
  const codexHome = await createCodexHome({ modelUrl: modelServer.url, model })
  const workspace = await createTempDir("workspace")
  const unloaded = new Set<unknown>()
  let pid = 0
  const create = () =>
    new CodexBackend({
      executable: codexExecutable(),
      cwd: workspace.path,
      env: codexHome.env,
      model: null,
      permissions: "full",
      memory: new BackendMemory(),
      onEvent: (event) => {
        if (event.type === "process.started") pid = event.pid
      },
      log: (_level, message, fields) => {
        if (message === "codex has unloaded a thread") unloaded.add(fields?.thread)
      },
    })
  return {
    backend: create(),
    another: async () => create(),
    addMcpServer: codexHome.addMcpServer,
    programLine: /^\S*codex\b/,
    warmProcesses: 2,
    column: "codex",
    isModelAsked: () => modelServer.nextRequest(),
    posted: () => JSON.stringify(modelServer.requests.at(-1)?.posted),
    heard: () => modelServer.requests.slice(-1).flatMap((request) => userTextsOf(request)),
    workspace: workspace.path,
    prompts,
    documentedAs: "codex",
    developerText: () => {
      const request = modelServer.requests.at(-1)
      return request === undefined ? "" : developerTextOf(request)
    },
    crash: async () => {
      const killed = pid
      process.kill(killed, "SIGKILL")
      await waitFor(() => !isRunning(killed), { what: "codex to be dead" })
    },
    records: () => codexRecords(codexHome.home),
    recordFolders: [join(codexHome.home, "sessions")],
    // The same in all modes, and it takes codex some seconds: once is enough.
    ...(model === "scripted-1" ? { isLoaded: async (thread: string) => !unloaded.has(thread) } : {}),
    processes: () => [pid, ...descendantsOf(pid).map((entry) => entry.pid)],
    remove: async () => {
      await modelServer.close()
      await codexHome.remove()
      await workspace.remove()
    },
  }
}
