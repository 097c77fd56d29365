/** A folder of `src/` whose files belong together. */
export interface Room {
  /** From `src/` on; or a file that is a room of its own. */
  readonly folder: string
  /** Files by which others enter it, without `.ts`; `all`: a shelf, whose files are taken one by one. */
  readonly doors: readonly string[] | "all"
}

/** From the outside to the core: a room imports only what stands behind it, by its doors. */
export const rooms: readonly Room[] = [
  { folder: ".", doors: [] },
  { folder: "cli", doors: ["program"] },
  {
    folder: "cli/commands",
    doors: [
      "ask",
      "completion",
      "connect",
      "daemon",
      "disable",
      "doctor",
      "enable",
      "fire",
      "hire",
      "init",
      "ledger",
      "list",
      "logs",
      "outbox",
      "remember",
      "reply",
      "restart",
      "status",
      "stop",
      "uninstall",
    ],
  },
  { folder: "cli/connect", doors: ["chat", "piped-chat", "terminal-chat", "turn-events", "turn-printer"] },
  { folder: "cli/context", doors: "all" },
  { folder: "cli/io", doors: "all" },
  { folder: "service", doors: ["service", "starting"] },
  { folder: "http", doors: ["http-app"] },
  { folder: "http/status", doors: ["control-routes", "status-routes"] },
  {
    folder: "http/resources",
    doors: [
      "agent-reply-route",
      "completion-routes",
      "conversation-routes",
      "discovery-routes",
      "file-routes",
      "mcp-route",
      "stored-response-routes",
    ],
  },
  {
    folder: "http/turns",
    doors: [
      "compact-routes",
      "earlier-items",
      "response-replay",
      "turn-routes",
      "waiting-answer",
      "websocket-endpoint",
    ],
  },
  { folder: "http/guard", doors: "all" },
  { folder: "http/server", doors: "all" },
  { folder: "mcp", doors: ["answer-request", "json-rpc", "open-channel", "tool-channels"] },
  {
    folder: "supervise/doctor",
    doors: ["check-agent-clis", "check-agent-folders", "check-home", "check-reverse-proxy", "check-service"],
  },
  { folder: "supervise", doors: ["heal-service", "older-release", "plan-service", "set-up-service"] },
  { folder: "supervise/launchd", doors: ["launchd-manager"] },
  {
    folder: "supervise/systemd",
    doors: ["old-unit", "service-notifier", "systemd-manager", "systemd-unit", "units"],
  },
  { folder: "supervise/machine", doors: "all" },
  { folder: "team", doors: ["agent-replies", "agent-tokens", "colleagues", "team"] },
  { folder: "engine", doors: ["create-engine"] },
  {
    folder: "engine/stored",
    doors: ["conversation-turns", "conversations", "retention", "stored-responses"],
  },
  {
    folder: "engine/turn",
    doors: ["live-turns", "parking", "run-turn", "turn-context", "turn-queue"],
  },
  { folder: "engine/thread", doors: ["change-note", "native-thread", "thread-change", "turn-notes"] },
  {
    folder: "engine/answer",
    doors: ["answer-format", "answer-limits", "answer-rules", "json-schema", "schema-thread"],
  },
  {
    folder: "engine/request",
    doors: ["idempotency", "input-resolver", "new-record", "resolve-input", "side-request"],
  },
  {
    folder: "engine/log",
    doors: [
      "age-clock",
      "ledger",
      "recorder",
      "recover",
      "response-log",
      "restored-responses",
      "unstored-ends",
    ],
  },
  {
    folder: "engine/plan",
    doors: ["conversation-head", "earlier-past", "pending-turn", "plan", "plan-turn", "request-items"],
  },
  { folder: "engine/agents", doors: "all" },
  // Its contract: the rooms of the engine implement it.
  { folder: "engine/engine.ts", doors: "all" },
  { folder: "backends", doors: ["create-backend"] },
  { folder: "backends/demo", doors: ["backend"] },
  { folder: "backends/command", doors: ["backend"] },
  { folder: "backends/exec", doors: ["backend", "features", "options", "probe"] },
  { folder: "backends/codex", doors: ["backend", "errors", "items", "options", "program", "protocol"] },
  { folder: "backends/claude", doors: ["backend", "history-messages", "installed"] },
  { folder: "backends/acp", doors: ["backend", "clis"] },
  { folder: "backends/kit/warm", doors: "all" },
  { folder: "backends/kit/per-turn", doors: "all" },
  { folder: "backends/kit", doors: "all" },
  { folder: "backends/kit/turn", doors: "all" },
  { folder: "backends/kit/process", doors: "all" },
  { folder: "backends/kit/rpc", doors: "all" },
  { folder: "backends/kit/functions", doors: "all" },
  { folder: "programs", doors: "all" },
  { folder: "fetch", doors: ["guarded-fetcher"] },
  {
    folder: "storage/sqlite",
    doors: ["inspect-ledger", "ledger-copies", "ledger-damage", "open-sqlite-store", "restore-ledger"],
  },
  { folder: "storage/files", doors: ["disk-file-library"] },
  { folder: "workspace/take-over", doors: ["old-replies", "take-over", "taken-over-record"] },
  { folder: "workspace/home", doors: ["home", "home-lock", "roster-folder"] },
  {
    folder: "workspace/agent",
    doors: [
      "agent-control",
      "agent-id",
      "agent-workspace",
      "gathered-writes",
      "inbox-folder",
      "notes",
      "read-excerpt",
      "templates",
      "text-file",
      "thread-preamble",
    ],
  },
  { folder: "disk", doors: "all" },
  { folder: "protocol/openapi", doors: ["document"] },
  { folder: "protocol", doors: ["agent-reply", "files", "models", "turn-apis"] },
  { folder: "protocol/chat", doors: ["api", "completion"] },
  {
    folder: "protocol/responses",
    doors: [
      "api",
      "compact-request",
      "conversations",
      "events",
      "input-items",
      "item-tracker",
      "parameters",
      "request",
      "resource",
      "socket-messages",
      "wire-items",
    ],
  },
  { folder: "protocol/common", doors: "all" },
  { folder: "config", doors: "all" },
  { folder: "domain", doors: "all" },
]

/** Rooms that know nothing of each other, in either direction. */
export const strangers: readonly (readonly string[])[] = [
  ["protocol/chat", "protocol/responses"],
  ["backends/demo", "backends/command", "backends/codex", "backends/claude", "backends/acp"],
  // What `codex exec` tells has the forms of codex.
  ["backends/demo", "backends/command", "backends/exec", "backends/claude", "backends/acp"],
  ["supervise/systemd", "supervise/launchd"],
  ["storage/sqlite", "storage/files"],
]

/** What of Node is used in one place only: a part of `src/`, the module, and the only folder or file there. */
export const onePlace: readonly (readonly [part: string, module: string, only: string])[] = [
  ["backends/", "node:child_process", "backends/kit/process/"],
  ["engine/", "node:worker_threads", "engine/answer/"],
  ["storage/", "node:sqlite", "storage/sqlite/"],
]
