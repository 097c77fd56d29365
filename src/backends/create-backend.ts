import path from "node:path"
import { demoCli } from "../domain/agent-clis.ts"
import type { Backend } from "../domain/backend.ts"
import { ProxyError } from "../domain/errors.ts"
import { childEnvironment } from "../programs/child-environment.ts"
import { refusedArgument } from "../programs/cli-arguments.ts"
import { codexEnvironment } from "../programs/codex-environment.ts"
import { AcpBackend } from "./acp/backend.ts"
import { type AcpCli, acpClis, otherAcp } from "./acp/clis.ts"
import { ClaudeBackend } from "./claude/backend.ts"
import { claudeKind } from "./claude/history-messages.ts"
import { claudeEnvironment } from "./claude/installed.ts"
import { CliBackend } from "./cli-backend.ts"
import type { CodexTimeouts } from "./codex/options.ts"
import { CommandBackend } from "./command/backend.ts"
import { DemoBackend } from "./demo/backend.ts"
import type { BackendContext } from "./kit/backend-context.ts"

/** What every kind of agent CLI is started with. */
export interface AgentBackendOptions extends Omit<BackendContext, "env"> {
  /** `backend` of the agent's control file; null: found by the executable's name. */
  readonly kind: string | null
  /** What stands behind it on the command line of `cli`, see `refusedArgument`. */
  readonly args?: readonly string[]
  /** What the child's environment is taken from, through an allow-list. */
  readonly env: NodeJS.ProcessEnv
  /** Names beyond the allow-list. */
  readonly passEnv: readonly string[]
  /** True with `sessions = "shared"`, see `ExecBackendOptions`. */
  readonly resumesLast: boolean
  /** True: sessions in this place are another agent's, see `ExecBackendOptions`. */
  readonly isNewcomer?: boolean
  /** In place of the defaults of codex. */
  readonly codexTimeouts?: Partial<CodexTimeouts>
}

type Create = (options: AgentBackendOptions) => Backend

/** By what `backend` of a control file may be, and by the name of the executable. */
const backends: ReadonlyMap<string, Create> = new Map<string, Create>([
  ["codex", codexLikeBackend],
  [claudeKind, claudeBackend],
  ["command", commandBackend],
  ["pi", piBackend],
  [demoCli, demoBackend],
  ...[...acpClis.values(), otherAcp].map((cli): [string, Create] => [
    cli.kind,
    (options) => acpBackend(options, cli),
  ]),
])

/**
 * The backend for an agent's CLI: that of `kind`, else that of the executable's name. A program of
 * another name is taken to understand codex's arguments. Throws `ProxyError` where `kind` names
 * none. Arguments that the program cannot be given are told in the log: what was set by an earlier
 * release, which dropped them, has to start.
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
  return new ProxyError("invalid_request", `There is no backend ${kind}; there are ${names}.`)
}

/** Kind of the backend that a program is driven by, as its name tells. */
export function kindOfProgram(executable: string): string {
  const name = path.basename(executable).replace(/\.(?:exe|cmd|js|mjs)$/i, "")
  // The first two have command lines of the user's only; the third is no program.
  const isOther = name === otherAcp.kind || name === "command" || (name === demoCli && executable !== demoCli)
  return isOther || !backends.has(name) ? "codex" : name
}

/** The built-in one: it is there, whatever else is not. */
export function demoBackend(options: ConstructorParameters<typeof DemoBackend>[0]): Backend {
  return new DemoBackend(options)
}

function claudeBackend(options: AgentBackendOptions): Backend {
  return new ClaudeBackend({ ...options, env: claudeEnvironment(options.env, options.passEnv) })
}

function codexLikeBackend(options: AgentBackendOptions): Backend {
  const { env, passEnv, codexTimeouts: timeouts = {} } = options
  return new CliBackend({ ...options, env: codexEnvironment(env, passEnv), timeouts })
}

function acpBackend(options: AgentBackendOptions, cli: AcpCli): Backend {
  const { args = [], env, passEnv, permissions } = options
  return new AcpBackend({
    ...options,
    cli,
    args: [...cli.args(permissions), ...args],
    env: childEnvironment(env, passEnv),
  })
}

function commandBackend(options: AgentBackendOptions): Backend {
  const { args = [], env, passEnv } = options
  return new CommandBackend({
    ...options,
    kind: "command",
    args,
    env: childEnvironment(env, passEnv),
    installStep: "Install it",
  })
}

/** It answers its stdin and keeps no session: each prompt tells the conversation. */
function piBackend(options: AgentBackendOptions): Backend {
  const { args = [], env, passEnv, model } = options
  return new CommandBackend({
    ...options,
    kind: "pi",
    args: ["-p", "--no-session", ...(model === null ? [] : ["--model", model]), ...args],
    restrainingArgs: ["--no-tools"],
    env: { ...childEnvironment(env, passEnv), PI_SKIP_VERSION_CHECK: "1" },
    installStep: "Install it with `npm install -g @mariozechner/pi-coding-agent`",
  })
}
