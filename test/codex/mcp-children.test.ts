import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { CodexBackend } from "../../src/backends/codex/backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import { agentPath } from "../agents/agents.ts"
import { noOptions } from "../contract/turn-recording.ts"
import { startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { isRunning, pidFrom } from "../support/processes.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

const patience = { timeoutMs: 60_000 }

it("ends the servers of MCP of a codex that was killed, and what they have started in sessions of their own", async () => {
  const modelServer = await startModelServer()
  const home = await createCodexHome({ modelUrl: modelServer.url })
  const workspace = await createTempDir("workspace")
  const pidFile = join(workspace.path, "server.pid")
  const browserFile = join(workspace.path, "browser.pid")
  await home.addMcpServer([process.execPath, agentPath("own-mcp-server.ts"), pidFile, browserFile])
  const noteFile = join(workspace.path, "control", "exec-running.json")
  const noted = () => {
    const entries: { pid: number }[] = existsSync(noteFile) ? JSON.parse(readFileSync(noteFile, "utf8")) : []
    return entries.map(({ pid }) => pid)
  }
  let codex = 0
  const backend = new CodexBackend({
    executable: codexExecutable(),
    cwd: workspace.path,
    env: home.env,
    model: null,
    permissions: "full",
    timeouts: { handshakeMs: 60_000 },
    memory: new BackendMemory(),
    onEvent: (event) => {
      if (event.type === "process.started") codex = event.pid
    },
    log: () => {},
  })
  try {
    await backend.openThread(noOptions)
    const server = await waitFor(() => pidFrom(pidFile), { what: "the server to be started", ...patience })
    const browser = await waitFor(() => pidFrom(browserFile), { what: "its browser", ...patience })
    // For the next start of a service that is killed now.
    await waitFor(() => [codex, server, browser].every((pid) => noted().includes(pid)), {
      what: "codex, the server and its browser to be noted",
      ...patience,
    })
    process.kill(codex, "SIGKILL")
    await waitFor(() => ![codex, server, browser].some(isRunning), { what: "all to be gone", ...patience })
    await waitFor(() => noted().length === 0, { what: "nothing to be noted any more", ...patience })
    expect((await backend.readiness()).isReady).toBe(true)
  } finally {
    await backend.stop()
    await modelServer.close()
    await home.remove()
    await workspace.remove()
  }
}, 180_000)
