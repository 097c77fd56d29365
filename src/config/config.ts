import { readFileSync } from "node:fs"
import { findPackageJSON } from "node:module"
import type { CliCommand } from "./cli-commands.ts"

/** All that can be set, resolved once at the start: flags, environment, `config.toml`, defaults. */
export interface Config {
  /** Absolute; `AI_AGENT_PROXY_HOME`, default `~/.ai_agent_proxy`. */
  readonly home: string
  readonly host: string
  readonly port: number
  /** API keys by the name of their principal. Empty: no key is asked for. */
  readonly apiKeys: ReadonlyMap<string, string>
  /** The program that is preferred: of the first of `cliCommands`. */
  readonly cli: string
  /** For agents without a CLI of their own: the first that is there and ready. Never empty. */
  readonly cliCommands: readonly CliCommand[]
  /** Absolute; default `~/.openclaw/workspace`. */
  readonly workingDirectory: string
  /** Names of environment variables that agents may see beyond the built-in list. */
  readonly passEnv: readonly string[]
  /** What a request without any id goes to: a new thread, or the agent's main thread. */
  readonly sessions: "separate" | "shared"
  /** What a `model` that names no agent gets: the manager, or a 404. */
  readonly unknownModel: "manager" | "error"
  /** Request headers, lower case, whose value names a conversation; the first one that is there. */
  readonly sessionHeaders: readonly string[]
  /** Addresses and networks of proxies whose `X-Forwarded-For` and `Forwarded` are believed. */
  readonly trustedProxies: readonly string[]
  /** Images and files that a request names by an https address are fetched. */
  readonly fetchUrls: boolean
  /** Bodies of a looser form than OpenAI's are read as what they plainly mean. */
  readonly looseBodies: boolean
  /** The agent is told a request's `metadata`; null: in a home of release 0.2.0, which told it. */
  readonly tellMetadata: boolean | null
  /**
   * What a power cut may cost. `full`: every commit is on the disk before it is told; `normal`: at
   * most the last ones are not.
   */
  readonly ledgerDurability: "normal" | "full"
  /** Model name passed to the CLI; null: the CLI's own. */
  readonly model: string | null
  readonly limits: Limits
}

/** A limit: the least and the most that can be set, and what holds where nothing is. */
interface Bound {
  readonly min: number
  readonly max: number
  readonly usual: number
}

function bound(min: number, max: number, usual: number): Bound {
  return { min, max, usual }
}

const mebi = 1024 * 1024
const minuteMs = 60_000
/** Longer waits overflow Node's timers, which then fire at once. */
const maxTimerMs = 2_147_483_647

/** Everything below `[limits]`, there in lower case with `_`. */
export const limitTable = {
  /** Connections that are served at once; fewer where the system allows fewer open files. */
  connections: bound(1, 1_000_000, 4096),
  /** Of one request; more is refused with 413. */
  bodyBytes: bound(1_024, 1_073_741_824, 16 * mebi),
  /** Large bodies of all requests that are being read, wait or run, together. */
  bodiesBytes: bound(1_024, 1_073_741_824, 64 * mebi),
  /** Nesting of a request's JSON. */
  jsonDepth: bound(10, 10_000, 100),
  /** Of one uploaded or fetched file, and of all uploaded files of a principal. */
  fileBytes: bound(1_024, 1_073_741_824, 64 * mebi),
  fileTotalBytes: bound(1_024, 1_099_511_627_776, 1024 * mebi),
  /** Kept for readers that do not read, all together, and longest that one may take nothing. */
  unreadBytes: bound(1_024, 1_073_741_824, 64 * mebi),
  unreadMs: bound(1, maxTimerMs, 10 * minuteMs),
  /** Turns waiting or running, of one agent and of all. */
  turnsPerAgent: bound(1, 100_000, 256),
  turnsTotal: bound(1, 100_000, 512),
  /** Threads that stay loaded in the CLI, per agent; the longest unused is closed first. */
  loadedThreads: bound(1, 10_000, 24),
  threadIdleMs: bound(1, maxTimerMs, 10 * minuteMs),
  /** Longest a turn may take, and longest it may show no progress. */
  turnMs: bound(1, maxTimerMs, 120 * minuteMs),
  silenceMs: bound(1, maxTimerMs, 10 * minuteMs),
  /** Longest the CLI may say nothing but that it cannot reach its model server. */
  reconnectMs: bound(1, maxTimerMs, 90_000),
  /** Longest a turn waits for outputs of a client's functions; then it goes on from the ledger. */
  parkMs: bound(1, maxTimerMs, 10 * minuteMs),
  /** How many agents may ask each other in a row, a turn that a client asked for not counted. */
  teamDepth: bound(0, 100, 3),
  /** Turns that one agent may have open with others at the same time. */
  teamTasks: bound(0, 10_000, 16),
  /** Agents beside the manager, up to which it may hire more. */
  teamAgents: bound(0, 1_000, 16),
  /** Longest an agent waits for another one; after that it has to come back for the answer. */
  teamWaitMs: bound(1, maxTimerMs, 10 * minuteMs),
  /** How long a client may be gone before its turn is interrupted. */
  disconnectGraceMs: bound(0, 60_000, 500),
  /** The same for whole answers to clients that repeat by themselves, and say so. */
  repeatGraceMs: bound(0, 60_000, 10_000),
  /** How long a stop waits for running turns. */
  drainMs: bound(0, maxTimerMs, 10_000),
  /** Longest silence on the wire while an agent works. */
  keepAliveMs: bound(1, maxTimerMs, 15_000),
  /** Days after which unused threads are deleted with their responses; 0: never. */
  retentionDays: bound(0, 36_500, 90),
} as const

export type Limits = { readonly [Name in keyof typeof limitTable]: number }

/** A setting that cannot be used. The command line prints it and exits with 78 (EX_CONFIG). */
export class ConfigError extends Error {
  /** Where the value came from: a flag, an environment variable, or `path:line` of a file. */
  readonly source: string
  /** Its key in `config.toml`, e.g. `limits.body_bytes`; null: the whole file is at fault. */
  readonly key: string | null

  /** `problem` says what is wrong and what would be right; the source is put in front. */
  constructor(source: string, key: string | null, problem: string, cause?: unknown) {
    super(`${source}: ${problem}`, cause === undefined ? undefined : { cause })
    this.name = "ConfigError"
    this.source = source
    this.key = key
  }
}

const loopback = new Set(["127.0.0.1", "::1", "localhost"])

/** Only this machine can reach what listens there. */
export function isLoopback(host: string): boolean {
  return loopback.has(host) || host.startsWith("127.")
}

/** Of the package.json above this file, wherever the build puts it. */
export const version: string = readVersion()

function readVersion(): string {
  const file = findPackageJSON(import.meta.url)
  if (file === undefined) throw new Error("the program is not complete: its package.json is missing")
  // Our own file.
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version
}
