import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { AcpBackend } from "../../src/backends/acp/backend.ts"
import { otherAcp } from "../../src/backends/acp/clis.ts"
import type { AcpBackendOptions } from "../../src/backends/acp/options.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import type { Backend, BackendEvent } from "../../src/domain/backend.ts"
import { agentPath } from "../agents/agents.ts"
import { descendantsOf, isRunning } from "../support/processes.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

export interface AcpFixture {
  readonly backend: Backend
  readonly workspace: string
  /** Texts of the prompts that the agent got. */
  prompts(): readonly string[]
  /** A file of the agent's folder, or "". */
  read(name: string): string
  readonly sessions: string
  /** Pids of the agent's processes, as they were started. */
  readonly pids: readonly number[]
  readonly events: readonly BackendEvent[]
  processes(): readonly number[]
  /** Kills the agent as a crash would. */
  crash(): Promise<void>
  remove(): Promise<void>
}

/** A backend on the scripted agent of the Agent Client Protocol. */
export async function createAcpFixture(
  options: Partial<AcpBackendOptions> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<AcpFixture> {
  const folder = await createTempDir("acp")
  const sessions = join(folder.path, "agent-sessions")
  const pids: number[] = []
  const events: BackendEvent[] = []
  const backend = new AcpBackend({
    cli: otherAcp,
    executable: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", agentPath("acp-agent.ts")],
    cwd: folder.path,
    env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, SESSIONS: sessions, ...env },
    model: null,
    permissions: "full",
    toolEndpoint: null,
    memory: new BackendMemory(),
    onEvent: (event) => {
      events.push(event)
      if (event.type === "process.started") pids.push(event.pid)
    },
    log: () => {},
    ...options,
  })
  const read = (name: string) => {
    const file = join(sessions, name)
    return existsSync(file) ? readFileSync(file, "utf8") : ""
  }
  return {
    backend,
    workspace: folder.path,
    sessions,
    pids,
    events,
    read,
    prompts: () =>
      read("prompts")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    processes: () =>
      pids.filter(isRunning).flatMap((pid) => [pid, ...descendantsOf(pid).map((entry) => entry.pid)]),
    crash: async () => {
      const pid = pids.at(-1) ?? 0
      if (isRunning(pid)) process.kill(pid, "SIGKILL")
      const isTold = () => events.some((event) => event.type === "process.exited" && event.pid === pid)
      await waitFor(() => !isRunning(pid) && isTold(), { what: "the agent to be dead" })
    },
    remove: async () => {
      await backend.stop()
      await folder.remove()
    },
  }
}
