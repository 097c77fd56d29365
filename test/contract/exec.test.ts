import { join } from "node:path"
import { ExecBackend } from "../../src/backends/exec/backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import { agentEnvironment, agentPath } from "../agents/agents.ts"
import { startModelServer } from "../model-server/model-server.ts"
import { developerTextOf, userTextsOf } from "../model-server/request-readers.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { codexRecords } from "../support/codex-records.ts"
import { startMcpEndpoint } from "../support/mcp-endpoint.ts"
import { descendantsOf, isRunning } from "../support/processes.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"
import type { BackendHarness, ContractPrompts } from "./backend/harness.ts"
import { describeBackendContract } from "./backend-contract.ts"
import { saidIn } from "./said-in.ts"

describeBackendContract("codex exec --json", prepareCodex)
describeBackendContract("a plain-text shell script", preparePlain)

const codexPrompts: ContractPrompts = {
  say: (text) => `[[say:${text}]]`,
  count: (to) => `[[slow:${to}:20]]`,
  recall: "[[history]]",
  recalled: (answer) => {
    const messages: { role: string; text: string }[] = JSON.parse(answer)
    return messages.filter(({ role }) => role === "user").flatMap(({ text }) => saidIn(text))
  },
  call: (name, args) => `[[tool:${name}:${JSON.stringify(args)}]]`,
  image: "[[image]]",
  schema: "[[schema]]",
  fail: (status) => `[[status:${status}]]`,
  shell: (command) => `[[shell:${command}]]`,
  cut: "[[drop]]",
  // No `silence`: what the user has said in a turn that broke off is told again, and the model would do it again.
  flood: (count) => `[[deltas:${count}]]`,
}

const plainPrompts: ContractPrompts = {
  say: (text) => `say ${text}`,
  count: (to) => `count to ${to}`,
  recall: "recall",
  recalled: saidIn,
  call: () => "",
  image: "",
  schema: "",
}

async function prepareCodex(): Promise<BackendHarness> {
  const modelServer = await startModelServer()
  const functions = await startMcpEndpoint()
  const codexHome = await createCodexHome({ modelUrl: modelServer.url })
  const workspace = await createTempDir("workspace")
  const running = new RunningProcesses()
  const create = () =>
    new ExecBackend({
      executable: codexExecutable(),
      cwd: workspace.path,
      env: codexHome.env,
      model: null,
      resumesLast: false,
      toolEndpoint: functions.endpoint,
      memory: new BackendMemory(),
      log: running.log,
    })
  return {
    backend: create(),
    another: async () => create(),
    column: "codex exec",
    isModelAsked: () => modelServer.nextRequest(),
    heard: () => modelServer.requests.slice(-1).flatMap((request) => userTextsOf(request)),
    workspace: workspace.path,
    prompts: codexPrompts,
    developerText: () => {
      const request = modelServer.requests.at(-1)
      return request === undefined ? "" : developerTextOf(request)
    },
    crash: async () => {
      const requests = modelServer.requests.length
      await waitFor(() => modelServer.requests.length > requests, { what: "codex to ask the model" })
      await running.kill()
    },
    kill: running.kill,
    records: () => codexRecords(codexHome.home),
    recordFolders: [join(codexHome.home, "sessions")],
    processes: running.all,
    remove: async () => {
      await modelServer.close()
      await functions.close()
      await codexHome.remove()
      await workspace.remove()
    },
  }
}

async function preparePlain(): Promise<BackendHarness> {
  const workspace = await createTempDir("workspace")
  const running = new RunningProcesses()
  const backend = new ExecBackend({
    executable: agentPath("plain-agent.sh"),
    cwd: workspace.path,
    env: agentEnvironment({ PIDS: join(workspace.path, "pids") }),
    model: null,
    resumesLast: false,
    toolEndpoint: null,
    log: running.log,
    memory: new BackendMemory(),
  })
  return {
    backend,
    workspace: workspace.path,
    prompts: plainPrompts,
    column: "plain text",
    tellsUsage: false,
    crash: running.kill,
    processes: running.all,
    remove: workspace.remove,
  }
}

/** Pids out of the backend's log. */
class RunningProcesses {
  readonly #pids = new Set<number>()

  readonly log = (_level: string, message: string, fields?: Readonly<Record<string, unknown>>): void => {
    if (message === "exec process started") this.#pids.add(Number(fields?.pid))
    if (message === "exec process ended") this.#pids.delete(Number(fields?.pid))
  }

  readonly all = (): readonly number[] =>
    [...this.#pids].flatMap((pid) => [pid, ...descendantsOf(pid).map((entry) => entry.pid)])

  readonly kill = async (): Promise<void> => {
    const killed = [...this.#pids]
    for (const pid of killed) process.kill(pid, "SIGKILL")
    await waitFor(() => !killed.some(isRunning), { what: "the agent to be dead" })
  }
}
