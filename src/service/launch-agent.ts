import { statSync } from "node:fs"
import { realpath } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join, relative, resolve } from "node:path"
import { type AgentBackendOptions, createBackend, demoBackend } from "../backends/create-backend.ts"
import type { BackendMemory } from "../backends/kit/backend-context.ts"
import { agentCommands, type CliCommand } from "../config/cli-commands.ts"
import type { Config } from "../config/config.ts"
import {
  type AgentKey,
  type AgentProfile,
  type AgentSettings,
  explain,
  type NotReady,
} from "../domain/agents.ts"
import type { Backend, BackendEvent } from "../domain/backend.ts"
import { ProxyError } from "../domain/errors.ts"
import type { Log } from "../domain/log.ts"
import type { ToolEndpoint } from "../domain/tool-endpoint.ts"
import { Agent } from "../engine/agents/agent.ts"
import { isThere } from "../programs/find-executable.ts"
import { controlFile } from "../workspace/agent/agent-control.ts"
import { ensureOwnFolders, makeFolder } from "../workspace/agent/agent-workspace.ts"
import { clearUnkept } from "../workspace/agent/inbox-folder.ts"
import type { Launch, Launched } from "./service-roster.ts"

type AgentConfig = Pick<Config, "cli" | "cliCommands" | "home" | "limits" | "model"> &
  Pick<Config, "passEnv" | "sessions" | "workingDirectory">

/** What all agents of the service have in common. */
export interface AgentSurroundings {
  readonly config: AgentConfig
  /** What the agents' processes inherit from, through an allow-list. */
  readonly env: NodeJS.ProcessEnv
  readonly log: Log
  readonly now: () => number
  /** What an agent has in its environment beyond that. */
  readonly agentEnv: (agent: AgentKey) => Readonly<Record<string, string>>
  /** The built-in demo answers in place of a CLI that is not ready at the start. */
  readonly demoFallback: boolean
  /** Where CLIs without functions of their own find those of the client. */
  readonly toolEndpoint: ToolEndpoint
  readonly memory: BackendMemory
  readonly codexTimeouts: NonNullable<AgentBackendOptions["codexTimeouts"]>
}

/** Agent and backend of an entry; the caller starts it. Rejects where a folder cannot be made. */
export async function launchAgent(launch: Launch, surroundings: AgentSurroundings): Promise<Launched> {
  const { settings, records, preambles, onBackend } = launch
  const { config, env, now, demoFallback } = surroundings
  const profile = profileOf(launch, surroundings)
  const log: Log = (level, message, fields) => {
    surroundings.log(level, message, { agent: profile.id, ...fields })
    if (level !== "debug") records.backend(level, message, fields, new Date(now()))
  }
  await prepareFolders(profile, settings, config.home, log)
  let agent: Agent | null = null
  /** Told while it is only asked whether it can be used at all. */
  const early: BackendEvent[] = []
  const create = ({ program, args }: CliCommand): Backend => {
    early.length = 0
    const made = createBackend({
      ...backendOptions(profile, settings, surroundings),
      executable: program,
      args,
      onEvent: (event) => {
        logBackendEvent(log, event)
        if (agent === null) early.push(event)
        else agent.told(event)
      },
      log,
    })
    onBackend(made)
    return made
  }
  const chosen = await firstReady(commandsOf(settings, surroundings), env.PATH, create, log)
  const demo = demoFallback ? await demoInsteadOf(chosen.backend, profile, settings) : null
  if (demo !== null) onBackend(demo.backend)
  agent = new Agent({
    profile,
    backend: demo?.backend ?? chosen.backend,
    program: demo === null ? chosen.command.program : "built in",
    usual: { model: settings.model ?? config.model, effort: settings.effort },
    instructions: {
      preamble: () => preambles.of(profile, { now: new Date(now()), log }),
      stamp: () => instructionsStamp(profile.workspace),
    },
    limits: config.limits,
    now,
    log: surroundings.log,
  })
  if (demo === null) for (const event of early) agent.told(event)
  return { agent, demoReason: demo?.reason ?? null }
}

async function prepareFolders(
  profile: AgentProfile,
  { permissions }: AgentSettings,
  home: string,
  log: Log,
): Promise<void> {
  await makeFolder(profile.workingDirectory)
  if (permissions === "workspace") await checkWorkingDirectory(profile, home)
  const onProblem = (problem: string): void =>
    log("warn", "a folder of the agent cannot be used", { problem })
  await ensureOwnFolders(profile.workspace, onProblem)
  await clearUnkept(profile.workspace, onProblem)
}

function backendOptions(
  profile: AgentProfile,
  settings: AgentSettings,
  { config, env, agentEnv, toolEndpoint, memory, codexTimeouts }: AgentSurroundings,
) {
  return {
    kind: settings.backend,
    cwd: profile.workspace,
    env: { ...env, ...agentEnv(profile) },
    passEnv: [...config.passEnv, ...settings.env],
    model: settings.model ?? config.model,
    permissions: settings.permissions,
    writableFolders: [profile.workingDirectory],
    protectedFolders: [join(profile.workspace, dirname(controlFile))],
    toolEndpoint,
    memory,
    codexTimeouts,
    resumesLast: config.sessions === "shared",
    isNewcomer: profile.name !== profile.role && profile.identity !== profile.id,
  }
}

/** Null: the CLI is ready. Else that is ended. */
async function demoInsteadOf(
  cli: Backend,
  { workspace, workingDirectory }: AgentProfile,
  { permissions }: AgentSettings,
): Promise<{ readonly backend: Backend; readonly reason: NotReady } | null> {
  const readiness = await cli.readiness()
  if (readiness.isReady) return null
  await cli.stop()
  const demo = demoBackend({ cwd: workspace, writableFolders: [workingDirectory], permissions })
  return { backend: demo, reason: readiness }
}

/** Who may write in the home gives itself and others all permissions. */
async function checkWorkingDirectory(profile: AgentProfile, home: string): Promise<void> {
  const { workingDirectory } = profile
  const [folder, all, own] = await Promise.all(
    [workingDirectory, home, profile.workspace].map((path) => realpath(path)),
  )
  if (folder === undefined || all === undefined || own === undefined) return
  if (!isInside(folder, all) && (isInside(own, folder) || !isInside(all, folder))) return
  throw new ProxyError(
    "agent_control_invalid",
    `its working directory ${workingDirectory} is in the home of the service, or holds it, with the control files of other ` +
      "agents; with the permissions 'workspace' it needs another one (`working_dir` in its control/agent.json)",
  )
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== ".." && !way.startsWith("..")
}

/** What may be spawned, the preferred first. Throws `SyntaxError` for a `cli` of no use. */
export function commandsOf(
  { cli, backend }: Pick<AgentSettings, "cli" | "backend">,
  { config, env }: Pick<AgentSurroundings, "config" | "env">,
): readonly CliCommand[] {
  if (cli !== null) return agentCommands(cli, env.HOME ?? homedir())
  // What drives all of them cannot be one kind.
  return backend === null ? config.cliCommands : config.cliCommands.slice(0, 1)
}

function profileOf(
  { entry: { id, role, name, workspace }, settings: { workingDir }, identity }: Launch,
  { config, env }: AgentSurroundings,
): AgentProfile {
  const home = env.HOME ?? homedir()
  const workingDirectory =
    workingDir === null ? config.workingDirectory : resolve(workspace, workingDir.replace(/^~(?=\/|$)/, home))
  return { id, identity, role, name: name ?? role, workspace, workingDirectory }
}

function logBackendEvent(log: Log, event: BackendEvent): void {
  const { type, ...fields } = event
  const isDeath = event.type === "process.exited" && event.isExpected !== true
  log(isDeath || type === "turn.uninvited" ? "warn" : "info", type, fields)
}

interface ReadyCli {
  readonly command: CliCommand
  readonly backend: Backend
}

/**
 * Of the commands whose program is there, the first that is ready; where none is ready, the first
 * that is there; where none is there, the first. Only where there is a choice is anything started
 * here, and what was not taken is ended again. `create` throws: no more is wanted.
 */
async function firstReady(
  commands: readonly CliCommand[],
  pathVariable: string | undefined,
  create: (command: CliCommand) => Backend,
  log: Log,
): Promise<ReadyCli> {
  const there = commands.filter(({ program }) => isThere(program, pathVariable))
  const [preferred = { program: "", args: [] }] = [...there, ...commands]
  if (there.length < 2) return { command: preferred, backend: create(preferred) }
  for (const command of there) {
    const backend = create(command)
    const readiness = await backend.readiness()
    if (readiness.isReady) {
      if (command !== preferred) log("info", `${command.program} is used`)
      return { command, backend }
    }
    await backend.stop()
    log("warn", `${command.program} is there and not ready: ${explain(readiness)}`)
  }
  return { command: preferred, backend: create(preferred) }
}

/** What CLIs of all kinds read of a workspace by themselves. `SOUL.md` the agent reads. */
const files = ["AGENTS.md", "CLAUDE.md", "GEMINI.md"]

/** Another one once a file was changed, made or removed. Opening them takes microseconds. */
function instructionsStamp(workspace: string): string {
  return files.map((name) => stampOf(`${workspace}/${name}`)).join(" ")
}

function stampOf(path: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats === undefined ? "-" : `${stats.ino}/${stats.size}/${stats.mtimeMs}`
  } catch {
    // A link in a circle, or no permission: its CLI cannot read it either.
    return "-"
  }
}
