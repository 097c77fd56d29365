import { join } from "node:path"
import { ExecBackend } from "../../src/backends/exec/backend.ts"
import type { ExecBackendOptions } from "../../src/backends/exec/options.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import type { Backend } from "../../src/domain/backend.ts"
import { agentEnvironment, agentPath, recordedCalls, recordedPids, recordedRuns } from "../agents/agents.ts"
import { createTempDir } from "../support/temp-dir.ts"

export interface ExecFixture {
  readonly workspace: string
  readonly backend: Backend
  /** Arguments of each call of a shell agent, the probe's question left out. */
  calls(): readonly (readonly string[])[]
  /** The same of `json-agent.ts`, with stdin and the contents of the files that it was given. */
  runs(): ReturnType<typeof recordedRuns>
  /** Text that went to stdin of `stdin-agent.sh`. */
  readonly stdinFile: string
  /** Processes that the agent wrote down. */
  pids(): readonly number[]
  /** Another backend on the same workspace, as after a restart of the service. The first one is stopped. */
  restart(options?: Partial<ExecBackendOptions>): Promise<Backend>
  remove(): Promise<void>
}

/** A backend on one of the scripted agents. */
export async function createExecFixture(
  agent: string,
  options: Partial<ExecBackendOptions> = {},
): Promise<ExecFixture> {
  const folder = await createTempDir("exec")
  const file = (name: string) => join(folder.path, name)
  const create = (changes: Partial<ExecBackendOptions> = {}) =>
    new ExecBackend({
      executable: agentPath(agent),
      cwd: folder.path,
      env: agentEnvironment({ RECORD: file("record"), PIDS: file("pids") }),
      model: null,
      resumesLast: false,
      toolEndpoint: null,
      log: () => {},
      memory: new BackendMemory(),
      ...options,
      ...changes,
    })
  let backend = create()
  return {
    workspace: folder.path,
    get backend() {
      return backend
    },
    calls: () => recordedCalls(file("record")).filter((call) => call.at(-1) !== "--help"),
    runs: () => recordedRuns(file("record")),
    stdinFile: file("record.stdin"),
    pids: () => recordedPids(file("pids")),
    restart: async (changes) => {
      await backend.stop()
      backend = create(changes)
      return backend
    },
    remove: async () => {
      await backend.stop()
      await folder.remove()
    },
  }
}
