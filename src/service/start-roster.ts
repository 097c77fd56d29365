import { chmod } from "node:fs/promises"
import { findPackageJSON } from "node:module"
import { dirname, extname, join } from "node:path"
import { BackendMemory } from "../backends/kit/backend-context.ts"
import type { Config } from "../config/config.ts"
import { writeAtomic } from "../disk/write-atomic.ts"
import type { Store } from "../domain/store.ts"
import type { ToolEndpoint } from "../domain/tool-endpoint.ts"
import { agentVariables } from "../programs/child-environment.ts"
import type { AgentTokens } from "../team/agent-tokens.ts"
import { ensureAgentWorkspace, makeFolder } from "../workspace/agent/agent-workspace.ts"
import { RosterFolder } from "../workspace/home/roster-folder.ts"
import { takeOverHome, takeOverLines } from "../workspace/take-over/taken-over-record.ts"
import { type AgentSurroundings, commandsOf, launchAgent } from "./launch-agent.ts"
import { ServiceRoster } from "./service-roster.ts"
import type { Starting } from "./starting.ts"

/** Where agents reach the service. */
interface Doors {
  readonly server: { readonly localUrl: string }
  readonly agentTokens: AgentTokens
  readonly channels: ToolEndpoint
}

/** The fourth step: the manager's folder is complete, and the agents are being started. */
export async function startRoster(
  { options, now, log, releasers }: Starting,
  config: Config,
  store: Store,
  { server, agentTokens, channels }: Doors,
): Promise<ServiceRoster> {
  const { env, demoFallback = false, codexTimeouts = {} } = options
  const command = await writeAgentCommand(config.home)
  for (const line of takeOverLines(await takeOverHome(config.home, config))) log("info", line)
  await ensureAgentWorkspace(config.home, { role: "manager", name: null }, ({ message }) =>
    log("warn", "a file or folder of the manager cannot be used", { problem: message }),
  )
  const surroundings: AgentSurroundings = {
    config,
    env,
    log,
    now,
    demoFallback,
    toolEndpoint: channels,
    memory: new BackendMemory(),
    codexTimeouts,
    agentEnv: (agent) => ({
      PATH: [dirname(command), env.PATH ?? ""].join(":"),
      [agentVariables.agent]: agent.id,
      [agentVariables.url]: server.localUrl,
      [agentVariables.token]: agentTokens.tokenOf(agent),
      [agentVariables.command]: command,
      [agentVariables.home]: config.home,
    }),
  }
  const roster = new ServiceRoster(new RosterFolder(config.home, log), store, {
    now,
    log,
    launch: (launch) => launchAgent(launch, surroundings),
    programOf: (settings) =>
      (settings === null ? null : commandsOf(settings, surroundings)[0]?.program) ?? config.cli,
  })
  releasers.add("agents", () => roster.close())
  await roster.open()
  options.signal?.throwIfAborted()
  return roster
}

/**
 * Puts `ai-agent-proxy` where agents find it: this very program, on the Node that it runs on,
 * however it was installed and whatever PATH the service was started with. Resolves with its path.
 */
async function writeAgentCommand(home: string): Promise<string> {
  // No agent has such a name, so that the folder is none's workspace.
  const folder = join(home, ".bin")
  await makeFolder(folder)
  const root = dirname(findPackageJSON(import.meta.url) ?? import.meta.filename)
  const isSource = extname(import.meta.filename) === ".ts"
  const main = join(root, isSource ? "src/main.ts" : "bin/ai-agent-proxy.cjs")
  const file = join(folder, "ai-agent-proxy")
  await writeAtomic(file, script(process.execPath, main))
  await chmod(file, 0o700)
  return file
}

/** Agents are told in words when an upgrade has taken the program, or its Node, away. */
function script(node: string, main: string): string {
  const [program, file] = [quoted(node), quoted(main)]
  return `#!/bin/sh
for file in ${program} ${file}; do
  [ -e "$file" ] && continue
  echo "ai-agent-proxy: $file is not there any more: the program was replaced or removed while the service runs." \\
    "It has to be restarted by whoever runs it, with: ai-agent-proxy restart" >&2
  exit 1
done
exec ${program} ${file} "$@"
`
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`
}
