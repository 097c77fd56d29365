import { join } from "node:path"
import { describe, it, vi } from "vitest"
import { AcpBackend } from "../../src/backends/acp/backend.ts"
import { acpClis } from "../../src/backends/acp/clis.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import { startModelServer } from "../model-server/model-server.ts"
import { developerTextOf, userTextsOf } from "../model-server/request-readers.ts"
import { createAcpHome } from "../support/acp-homes.ts"
import { startMcpEndpoint } from "../support/mcp-endpoint.ts"
import { descendantsOf, isRunning } from "../support/processes.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { waitFor } from "../support/wait-for.ts"
import type { BackendHarness, ContractPrompts } from "./backend/harness.ts"
import { describeBackendContract } from "./backend-contract.ts"
import { saidIn } from "./said-in.ts"

type CliName = "gemini" | "opencode" | "copilot"

const prompts: ContractPrompts = {
  say: (text) => `[[say:${text}]]`,
  count: (to) => `[[slow:${to}:50]]`,
  recall: "[[history]]",
  recalled: (answer) => {
    const messages: { role: string; text: string }[] = JSON.parse(answer)
    return messages.filter((message) => message.role === "user").flatMap((message) => saidIn(message.text))
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

/** The contract suite on a real CLI of the Agent Client Protocol, out of `test/clis`, with the scripted model behind it. */
export function describeAcpCli(
  name: CliName,
  limits: Partial<BackendHarness> = {},
  without: readonly (keyof ContractPrompts)[] = [],
): void {
  // They take seconds to start, and more on a machine that has other work.
  vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })
  const executable = testCli(name)
  if (executable === null) describe(name, () => it.skip(missingCli(name), () => {}))
  else {
    describeBackendContract(name, async () => ({
      ...(await prepare(name, executable)),
      ...limits,
      prompts: withoutFields(prompts, without),
    }))
  }
}

/** They start themselves once more, as a child. */
const programLines: Readonly<Record<CliName, RegExp>> = {
  gemini: /^\S*node\b.*\bgemini\b/,
  opencode: /^\S*(?:node\b.*)?\bopencode\b/,
  copilot: /^\S*(?:node\b.*)?\bcopilot\b/,
}

const recordFolders: Readonly<Record<CliName, string>> = {
  gemini: ".gemini/tmp",
  opencode: ".local/share/opencode",
  copilot: ".copilot/session-state",
}

async function prepare(name: CliName, executable: string): Promise<BackendHarness> {
  const cli = acpClis.get(name)
  if (cli === undefined) throw new Error(`no ${name}`)
  const modelServer = await startModelServer()
  const home = await createAcpHome(name, modelServer.url)
  const mcp = await startMcpEndpoint()
  const workspace = await createTempDir("workspace")
  const pids = new Set<number>()
  const create = (idleMs?: number) =>
    new AcpBackend({
      cli,
      executable,
      args: cli.args("full"),
      cwd: workspace.path,
      env: home.env,
      model: name === "gemini" ? "gemini-2.5-flash" : null,
      permissions: "full",
      toolEndpoint: mcp.endpoint,
      memory: new BackendMemory(),
      onEvent: (event) => {
        if (event.type === "process.started") pids.add(event.pid)
        if (event.type === "process.exited") pids.delete(event.pid)
      },
      log: () => {},
      timeouts: { handshakeMs: 120_000, requestMs: 120_000, ...(idleMs === undefined ? {} : { idleMs }) },
    })
  // Beside the conversation they ask for titles and the like, without tools.
  const newest = () => modelServer.requests.findLast(({ body }) => (body.tools ?? []).length > 0)
  return {
    backend: create(),
    another: async (idleMs) => create(idleMs),
    restsWhenIdle: true,
    addMcpServer: home.addMcpServer,
    programLine: programLines[name],
    warmProcesses: 2,
    column: name,
    isModelAsked: () => modelServer.nextRequest(),
    heard: () => {
      const request = newest()
      return request === undefined ? [] : userTextsOf(request)
    },
    posted: () => JSON.stringify(newest()?.posted),
    workspace: workspace.path,
    prompts,
    documentedAs: name,
    // They tell them with the prompt: there it is what the user said.
    developerText: () => {
      const request = newest()
      return request === undefined ? "" : `${developerTextOf(request)}\n${JSON.stringify(request.body.input)}`
    },
    crash: async () => {
      const killed = [...pids]
      for (const pid of killed) if (isRunning(pid)) process.kill(pid, "SIGKILL")
      await waitFor(() => !killed.some((pid) => isRunning(pid) || pids.has(pid)), {
        what: `${name} to be dead`,
      })
    },
    recordFolders: [join(home.home, recordFolders[name])],
    processes: () => [...pids].flatMap((pid) => [pid, ...descendantsOf(pid).map((entry) => entry.pid)]),
    remove: async () => {
      await modelServer.close()
      await mcp.close()
      await home.remove()
      await workspace.remove()
    },
  }
}

function withoutFields(all: ContractPrompts, names: readonly (keyof ContractPrompts)[]): ContractPrompts {
  const kept = { ...all }
  // Only those that a harness may leave out are named.
  for (const name of names) Reflect.deleteProperty(kept, name)
  return kept
}
