import type { Permissions } from "../../domain/agents.ts"
import type { ThreadReach, TurnInput } from "../../domain/backend.ts"
import { clientServer } from "../kit/functions/handed-functions.ts"

/** What a process is started with and cannot change: another wish needs another process. */
export interface LaunchProfile extends Pick<TurnInput, "model" | "effort"> {
  /** JSON text; null: none. */
  readonly schema: string | null
}

/** How a process gets at its session. */
export type SessionStart =
  | { readonly type: "new" }
  | { readonly type: "resume" }
  /** A new session with what `source` had up to and including its message `at`. */
  | { readonly type: "fork"; readonly source: string; readonly at: string }

interface LaunchOptions {
  readonly session: string
  readonly start: SessionStart
  readonly isEphemeral: boolean
  /** Null: it acts as its permissions say. `only-answers`: by functions of clients alone. */
  readonly reach: ThreadReach | null
  /** Configuration of the clients' functions; null: there are none. */
  readonly mcpConfigFile: string | null
  readonly permissions: Permissions
  readonly protectedFolders: readonly string[]
  readonly profile: LaunchProfile
}

/** Tools that begin a turn which nobody asked for. */
const selfStarters = "CronCreate,ScheduleWakeup"

const readingTools = "Read,Grep,Glob,WebFetch,WebSearch"

/**
 * Shell commands are held in the folder by claude's sandbox. Where it cannot have one, a command is
 * asked about, and here nobody says yes. What is denied to `Edit` is denied to all tools that
 * write, and to commands in the sandbox.
 */
function workspaceSettings(protectedFolders: readonly string[]): string {
  return JSON.stringify({
    sandbox: { enabled: true, autoAllowBashIfSandboxed: true, allowUnsandboxedCommands: false },
    // A second slash in front is claude's way to say that the path is absolute.
    permissions: { deny: protectedFolders.map((folder) => `Edit(/${folder}/**)`) },
  })
}

/**
 * Instructions and schema are not among them: they come with `initialize`, where they may be of any
 * length and no list of processes shows them. Arguments that take several values are never last.
 */
export function launchArguments(options: LaunchOptions): string[] {
  const { mcpConfigFile, profile } = options
  return [
    "-p",
    "--input-format",
    "stream-json",
    "--output-format",
    "stream-json",
    "--verbose",
    "--include-partial-messages",
    // The person's own servers run outside of claude's sandbox: not for an agent that is held in
    // one, nor for a thread that only answers.
    ...(options.reach !== null || options.permissions !== "full" ? ["--strict-mcp-config"] : []),
    ...(mcpConfigFile === null ? [] : ["--mcp-config", mcpConfigFile]),
    ...toolArguments(options),
    ...(profile.model === null ? [] : ["--model", profile.model]),
    ...(profile.effort === null ? [] : ["--effort", profile.effort]),
    ...(options.isEphemeral ? ["--no-session-persistence"] : []),
    ...sessionArguments(options.session, options.start),
  ]
}

function toolArguments({ permissions, protectedFolders, reach }: LaunchOptions): string[] {
  const ours = ["--disallowedTools", selfStarters, "--allowedTools", `mcp__${clientServer}`]
  if (reach === "only-answers") return [...ours, "--tools", "", "--permission-mode", "dontAsk"]
  switch (reach === null ? permissions : "read-only") {
    case "full":
      return [...ours, "--dangerously-skip-permissions"]
    case "workspace":
      return [...ours, "--permission-mode", "acceptEdits", "--settings", workspaceSettings(protectedFolders)]
    case "read-only":
      return [...ours, "--tools", readingTools, "--permission-mode", "dontAsk"]
  }
}

function sessionArguments(session: string, start: SessionStart): string[] {
  switch (start.type) {
    case "new":
      return ["--session-id", session]
    case "resume":
      return ["--resume", session]
    case "fork":
      return [
        "--resume",
        start.source,
        "--fork-session",
        "--session-id",
        session,
        "--resume-session-at",
        start.at,
      ]
  }
}

/**
 * False for a path that claude would read as a pattern, or cut off, in a permission rule
 * (`Edit(//home/..)`). Its rules are those of gitignore within parentheses, and the same text is
 * what its sandbox takes for a path: no way to escape a character means the same to both.
 */
export function isPlainInRules(path: string): boolean {
  return /^[\p{L}\p{M}\p{N}/ \-_.@+,=~:%#]+$/u.test(path) && !/ (?:\/|$)/.test(path)
}
