import path from "node:path"
import { demoCli } from "../domain/agent-clis.ts"
import type { Permissions } from "../domain/agents.ts"
import type { Backend, BackendEvent } from "../domain/backend.ts"
import { ProxyError } from "../domain/errors.ts"
import type { Log } from "../domain/log.ts"
import type { ToolEndpoint } from "../domain/tool-endpoint.ts"
import { createAcpBackend } from "./acp/backend.ts"
import { type AcpCli, acpClis, otherAcp } from "./acp/clis.ts"
import { createClaudeBackend } from "./claude/backend.ts"
import { claudeKind } from "./claude/history-messages.ts"
import { claudeEnvironment } from "./claude/program.ts"
import { createCliBackend } from "./cli-backend.ts"
import type { CodexTimeouts } from "./codex/options.ts"
import { codexEnvironment } from "./codex/program.ts"
import { createCommandBackend } from "./command/backend.ts"
import { createDemoBackend } from "./demo/backend.ts"
import { childEnvironment } from "./kit/process/child-environment.ts"
import { refusedArgument } from "./kit/process/cli-arguments.ts"

/** What every kind of agent CLI is started with. */
export interface AgentBackendOptions {
  /** `backend` of the agent's control file; null: found by the executable's name. */
  readonly kind: string | null
  /** Name or path of the program. */
  readonly executable: string
  /** What stands behind it on the command line of `cli`, see `refusedArgument`. */
  readonly args?: readonly string[]
  /** Absolute path of the agent's workspace: where its CLI runs. */
  readonly cwd: string
  /** What the child's environment is taken from, through an allow-list. */
  readonly env: NodeJS.ProcessEnv
  /** Names beyond the allow-list. */
  readonly passEnv: readonly string[]
  /** Model of every thread; null: the CLI's own. */
  readonly model: string | null
  readonly permissions: Permissions
  /** Absolute; where the agent may write beside `cwd` with the permissions `workspace`. */
  readonly writableFolders?: readonly string[]
  /** Absolute; where it may not, although they are below one of these. */
  readonly protectedFolders?: readonly string[]
  /** True with `sessions = "shared"`, see `ExecBackendOptions`. */
  readonly resumesLast: boolean
  /** True: what sessions there are in the workspace's place, an agent left that had it before; see `ExecBackendOptions`. */
  readonly isNewcomer?: boolean
  /** Null: CLIs that know functions only over MCP have none. */
  readonly toolEndpoint: ToolEndpoint | null
  /** In place of the defaults of codex. */
  readonly codexTimeouts?: Partial<CodexTimeouts>
  readonly onEvent: (event: BackendEvent) => void
  readonly log: Log
}

type Create = (options: AgentBackendOptions) => Backend

/** By what `backend` of a control file may be, and by the name of the executable. */
const backends: ReadonlyMap<string, Create> = new Map<string, Create>([
  ["codex", codexLikeBackend],
  [claudeKind, claudeBackend],
  ["command", (options) => commandBackend(options, "command", options.args ?? [])],
  [
    "pi",
    (options) => commandBackend(options, "pi", [...piArguments(options.model), ...(options.args ?? [])]),
  ],
  [demoCli, demoBackend],
  ...[...acpClis.values(), otherAcp].map((cli): [string, Create] => [
    cli.kind,
    (options) => acpBackend(options, cli),
  ]),
])

/**
 * The backend for an agent's CLI: that of `kind`, else that of the executable's name. A program of another name is taken to
 * understand codex's arguments. Throws `ProxyError` where `kind` names none. Arguments that the program cannot be given are told in
 * the log: what was set by an earlier release, which dropped them, has to start.
 */
export function createBackend(options: AgentBackendOptions): Backend {
  const kind = options.kind ?? kindOfProgram(options.executable)
  const create = backends.get(kind)
  if (create === undefined) throw unknownBackend(kind)
  const problem = refusedArgument(kind, options.args ?? [])
  if (problem !== null) options.log("warn", `\`cli\`: ${problem}`)
  return create(options)
}

/** Throws `ProxyError`. */
export function assertBackend(kind: string): void {
  if (!backends.has(kind)) throw unknownBackend(kind)
}

function unknownBackend(kind: string): ProxyError {
  const names = [...backends.keys()].join(", ")
  return new ProxyError("invalid_request", `There is no backend ${kind}; there are ${names}.`, {
    param: "backend",
  })
}

/** Kind of the backend that a program is driven by, as its name tells. */
export function kindOfProgram(executable: string): string {
  const name = path.basename(executable).replace(/\.(?:exe|cmd|js|mjs)$/i, "")
  // The command lines of the first two are the user's; a program that happens to be called so has none. The third is no program.
  const isOther = name === otherAcp.kind || name === "command" || (name === demoCli && executable !== demoCli)
  return isOther || !backends.has(name) ? "codex" : name
}

function demoBackend({
  cwd,
  permissions,
  writableFolders: [workingDirectory] = [],
}: AgentBackendOptions): Backend {
  return createDemoBackend({
    workspace: cwd,
    permissions,
    ...(workingDirectory !== undefined && { workingDirectory }),
  })
}

function claudeBackend(options: AgentBackendOptions): Backend {
  const { executable, cwd, env, passEnv, model, permissions, toolEndpoint, onEvent, log } = options
  return createClaudeBackend({
    executable,
    cwd,
    env: claudeEnvironment(env, passEnv),
    model,
    permissions,
    protectedFolders: options.protectedFolders ?? [],
    toolEndpoint,
    onEvent,
    log,
  })
}

function codexLikeBackend(options: AgentBackendOptions): Backend {
  const { executable, cwd, env, passEnv, model, permissions, resumesLast, toolEndpoint, onEvent, log } =
    options
  return createCliBackend({
    executable,
    cwd,
    env: codexEnvironment(env, passEnv),
    model,
    permissions,
    writableFolders: options.writableFolders ?? [],
    protectedFolders: options.protectedFolders ?? [],
    timeouts: options.codexTimeouts ?? {},
    resumesLast,
    isNewcomer: options.isNewcomer ?? false,
    toolEndpoint,
    onEvent,
    log,
  })
}

function acpBackend(options: AgentBackendOptions, cli: AcpCli): Backend {
  const { executable, args = [], cwd, env, passEnv, model, permissions, toolEndpoint, onEvent, log } = options
  return createAcpBackend({
    cli,
    executable,
    args: [...cli.args(permissions), ...args],
    cwd,
    env: childEnvironment(env, passEnv),
    model,
    permissions,
    protectedFolders: options.protectedFolders ?? [],
    toolEndpoint,
    onEvent,
    log,
  })
}

function commandBackend(options: AgentBackendOptions, kind: string, args: readonly string[]): Backend {
  const { executable, cwd, env, passEnv, log } = options
  return createCommandBackend({
    kind,
    executable,
    args,
    ...(kind === "pi" && { restrainingArgs: ["--no-tools"] }),
    cwd,
    env: { ...childEnvironment(env, passEnv), ...(kind === "pi" ? piVariables : {}) },
    installStep:
      kind === "pi" ? "Install it with `npm install -g @mariozechner/pi-coding-agent`" : "Install it",
    log,
  })
}

const piVariables = { PI_SKIP_VERSION_CHECK: "1" }

/** It answers what stands on its stdin, and keeps no session: the conversation is told with each prompt. */
function piArguments(model: string | null): readonly string[] {
  return ["-p", "--no-session", ...(model === null ? [] : ["--model", model])]
}
