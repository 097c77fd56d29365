import path from "node:path"
import type { Permissions } from "../domain/agents.ts"
import type { Backend, BackendEvent } from "../domain/backend.ts"
import type { Log } from "../domain/log.ts"
import type { ToolEndpoint } from "../domain/tool-endpoint.ts"
import { createClaudeBackend } from "./claude/claude-backend.ts"
import { claudeEnvironment } from "./claude/claude-environment.ts"
import { claudeKind } from "./claude/history-messages.ts"
import { createCliBackend } from "./cli-backend.ts"
import { codexEnvironment } from "./codex/codex-environment.ts"

/** What every kind of agent CLI is started with. */
export interface AgentBackendOptions {
  /** `backend` of the agent's control file; null: found by the executable's name. */
  readonly kind: string | null
  /** Name or path of the program, as `executableOf` gives it. */
  readonly executable: string
  /** Absolute path of the agent's workspace: where its CLI runs. */
  readonly cwd: string
  /** What the child's environment is taken from, through an allow-list. */
  readonly env: NodeJS.ProcessEnv
  /** Names beyond the allow-list. */
  readonly passEnv: readonly string[]
  /** Model of every thread; null: the CLI's own. */
  readonly model: string | null
  readonly permissions: Permissions
  /** True with `sessions = "shared"`, see `ExecBackendOptions`. */
  readonly resumesLast: boolean
  /** Null: CLIs that know functions only over MCP have none. */
  readonly toolEndpoint: ToolEndpoint | null
  readonly onEvent: (event: BackendEvent) => void
  readonly log: Log
}

/** The backend for an agent's CLI. */
export function createBackend(options: AgentBackendOptions): Backend {
  const kind = options.kind ?? path.basename(options.executable)
  return kind === claudeKind ? claudeBackend(options) : codexLikeBackend(options)
}

function claudeBackend(options: AgentBackendOptions): Backend {
  const { executable, cwd, env, passEnv, model, permissions, toolEndpoint, onEvent, log } = options
  return createClaudeBackend({
    executable,
    cwd,
    env: claudeEnvironment(env, passEnv),
    model,
    permissions,
    toolEndpoint,
    onEvent,
    log,
  })
}

function codexLikeBackend(options: AgentBackendOptions): Backend {
  const { executable, cwd, env, passEnv, model, resumesLast, onEvent, log } = options
  return createCliBackend({
    executable,
    cwd,
    env: codexEnvironment(env, passEnv),
    model,
    resumesLast,
    onEvent,
    log,
  })
}
