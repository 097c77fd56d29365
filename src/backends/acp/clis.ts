import { randomUUID } from "node:crypto"
import type { Permissions } from "../../domain/agents.ts"
import { type FunctionRules, functionRules } from "../kit/functions/function-rules.ts"
import type { WordRule } from "../kit/turn/model-failure.ts"
import { openCodeTrouble, type Trouble } from "./errors.ts"

/** Tells a session how far the agent may go. What asks all the same gets `permissionAnswer`. */
export interface SessionSetting {
  /** Ids of modes, the first that the session has is taken. */
  readonly modes?: readonly string[]
  /** Values of configuration options by their ids. */
  readonly options?: Readonly<Record<string, string>>
  /** A session that has none of these is refused, in words that name this program. */
  readonly isNeededBy?: string
}

/** What has to be known of a program that the Agent Client Protocol does not tell. */
export interface AcpCli {
  /** Names the backend and, as `server_label`, the program's own tools. */
  readonly kind: string
  /** What makes it speak the protocol. */
  readonly args: (permissions: Permissions) => readonly string[]
  readonly modelArgs?: (model: string) => readonly string[]
  readonly installStep: string
  readonly loginStep: string
  /** Set by us: no updates, no questions at a terminal that is not there. */
  readonly env: (
    permissions: Permissions,
    inherited: Readonly<Record<string, string>>,
  ) => Readonly<Record<string, string>>
  readonly settings: Readonly<Record<Permissions, SessionSetting>>
  readonly functions: FunctionRules
  /** Of a session that only reads or answers. Absent: as with the permissions `read-only`. */
  readonly held?: { readonly reads: SessionSetting; readonly answers: SessionSetting }
  /** The way to log in that the environment offers; null: it must have been done before. */
  readonly authMethod?: (env: Readonly<Record<string, string>>) => string | null
  /** True: a prompt's usage is that of the whole session so far. */
  readonly usageIsTotal: boolean
  /** How long it waits for a function of the client before it gives up; null: for ever. */
  readonly holdMs: number | null
  /** True: errors of the model come as an answer that says `Error: ...`. */
  readonly saysErrors: boolean
  /** True: its own remarks come between the model's words, as whole chunks behind `Info: `. */
  readonly saysInfos?: true
  /**
   * True: a prompt that was never answered, because the program was killed, is put in front of the
   * next one, in the same message: the model would do again what was broken off.
   */
  readonly joinsUnanswered?: true
  /** True: it forgets a turn that was interrupted or failed, the user's words included. */
  readonly forgetsCutTurns?: true
  /** True: it lists the functions before each request to its model, not when told of a change. */
  readonly listsToolsEachTime?: true
  /** True: it reads its instruction files when it starts, and shows the same to all sessions. */
  readonly readsInstructionsOnce?: true
  /** What `max_turn_requests` means with it. Absent: what the protocol says. */
  readonly requestLimitWords?: string
  /** Whether its model sees a picture. Missing: it does, where the program takes them. */
  readonly showsImages?: (model: string) => boolean
  /** Words of its own, or of its vendor, for failures of its model. */
  readonly failureWords?: readonly WordRule[]
  /** A session that cannot get at its model for now, by a line of stderr; null: none of that. */
  readonly troubleIn?: (line: string) => Trouble | null
}

const allModes = ["yolo", "bypassPermissions", "agent-full-access", "auto"]
const askingModes = ["default", "workspace-write"]
const readingModes = ["default", "read-only"]

/** Any program that speaks the protocol; the command line is the user's. */
export const otherAcp: AcpCli = {
  kind: "acp",
  args: () => [],
  installStep: "Install it",
  loginStep: "Log in with the program itself, in a terminal, as the user of this service.",
  env: () => ({}),
  settings: {
    full: { modes: allModes },
    workspace: { modes: askingModes },
    "read-only": { modes: readingModes },
  },
  functions: functionRules.acp,
  usageIsTotal: false,
  holdMs: 50_000,
  saysErrors: true,
}

const gemini: AcpCli = {
  ...otherAcp,
  kind: "gemini",
  functions: functionRules.gemini,
  args: () => ["--acp"],
  modelArgs: (model) => ["-m", model],
  installStep: "Install it with `npm install -g @google/gemini-cli`",
  loginStep: "Run `gemini` in a terminal as this user and log in, or set GEMINI_API_KEY.",
  settings: {
    full: { modes: ["yolo"] },
    workspace: { modes: ["default"] },
    "read-only": { modes: ["default"] },
  },
  authMethod: (env) => (env.GEMINI_API_KEY ? "gemini-api-key" : null),
  saysErrors: false,
  joinsUnanswered: true,
  requestLimitWords:
    "it took the answer for a loop, as it does where a short text comes ten times or more (`model.disableLoopDetection` in its settings turns that off), or its limit of model requests in one turn is reached",
  // Google has the same words for a minute's limit and a day's; gemini has seen the fields.
  failureWords: [
    [/Suggested retry after/, "rate_limit_exceeded", 429],
    [/is not found for API version/, "model_refused", 404],
  ],
  forgetsCutTurns: true,
}

const openCodeQuestions = { edit: "ask", bash: "ask", external_directory: "ask" }

const heldAgents = { reads: "ai-agent-proxy-reads", answers: "ai-agent-proxy-answers" }

/** Its mode `plan` runs commands unasked where all is allowed; agents of ours cannot. */
function withHeldAgents(config: string | undefined): string {
  const reading = { "*": "deny", read: "allow", grep: "allow", glob: "allow", list: "allow" }
  const agent = (description: string, permission: object) => ({ mode: "primary", description, permission })
  const ours = {
    [heldAgents.reads]: agent("Looks, and changes nothing", reading),
    [heldAgents.answers]: agent("Answers, without tools", { "*": "deny" }),
  }
  try {
    const own = JSON.parse(config ?? "{}")
    return JSON.stringify({ ...own, agent: { ...own.agent, ...ours } })
  } catch {
    // opencode may understand it. Without these agents side requests are refused.
    return config ?? ""
  }
}

const opencode: AcpCli = {
  ...otherAcp,
  kind: "opencode",
  functions: functionRules.opencode,
  args: () => ["acp"],
  installStep: "Install it with `npm install -g opencode-ai`",
  loginStep: "Run `opencode auth login` as this user.",
  env: (permissions, inherited) => ({
    OPENCODE_CONFIG_CONTENT: withHeldAgents(inherited.OPENCODE_CONFIG_CONTENT),
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    // It listens on a port beside the protocol, where everybody on the machine could give it work.
    OPENCODE_SERVER_PASSWORD: randomUUID(),
    // That it tries a request again is told nowhere else.
    OPENCODE_PRINT_LOGS: "1",
    OPENCODE_LOG_LEVEL: "ERROR",
    ...(permissions === "full" ? {} : { OPENCODE_PERMISSION: JSON.stringify(openCodeQuestions) }),
  }),
  settings: { full: {}, workspace: {}, "read-only": { modes: ["plan"] } },
  held: { reads: { modes: [heldAgents.reads] }, answers: { modes: [heldAgents.answers] } },
  saysErrors: false,
  troubleIn: openCodeTrouble,
}

const copilot: AcpCli = {
  ...otherAcp,
  kind: "copilot",
  functions: functionRules.copilot,
  args: () => ["--acp", "--no-auto-update"],
  modelArgs: (model) => ["--model", model],
  installStep: "Install it with `npm install -g @github/copilot`",
  loginStep: "Run `copilot login` as this user.",
  settings: {
    full: { options: { allow_all: "on" } },
    workspace: { options: { allow_all: "off" } },
    "read-only": { options: { allow_all: "off" } },
  },
  usageIsTotal: true,
  holdMs: null,
  saysInfos: true,
  listsToolsEachTime: true,
  readsInstructionsOnce: true,
}

/** By qwen's own list of names: other models see nothing. A name may end in the way to log in. */
const seeingModels = [
  /^(?:gemini|claude)-/,
  /^(?:gpt-|o\d)/,
  /^coder-model$/,
  /^qwen-vl-|^qwen3-vl-|^qwen[\d.]*-omni/,
  /^qwen3\.(?:[567]-plus|8-(?:flash|plus|max)|6-35b)/,
  /^deepseek-.*vision|^doubao-.*(?:vision|vl)|^doubao-seed(?!ance|ream)/,
  /^glm-(?:[\d.]+v|5\.3-flash)|^minimax-m3|^kimi-k(?:3|2\.)/,
]

const qwen: AcpCli = {
  ...gemini,
  kind: "qwen",
  functions: functionRules.qwen,
  installStep: "Install it with `npm install -g @qwen-code/qwen-code`",
  loginStep: "Run `qwen` in a terminal as this user and log in, or set OPENAI_API_KEY and OPENAI_BASE_URL.",
  authMethod: (env) => (env.OPENAI_API_KEY ? "openai" : null),
  showsImages: (model) => {
    const name = model.replace(/\(.*$/, "").replace(/^.*\//, "").toLowerCase()
    return seeingModels.some((pattern) => pattern.test(name))
  },
  // After 240 s it gives a silent model up. Our own clock ends what is silent for too long.
  env: () => ({ QWEN_STREAM_IDLE_TIMEOUT_MS: String(24 * 60 * 60_000) }),
}

const goose: AcpCli = {
  ...otherAcp,
  kind: "goose",
  args: () => ["acp"],
  installStep: "Install it as https://block.github.io/goose tells",
  loginStep: "Run `goose configure` as this user.",
  env: (permissions) => ({ GOOSE_MODE: permissions === "full" ? "auto" : "approve" }),
}

export const acpClis: ReadonlyMap<string, AcpCli> = new Map(
  [gemini, opencode, copilot, qwen, goose].map((cli) => [cli.kind, cli]),
)
