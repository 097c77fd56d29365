import type { AgentBackendOptions } from "../backends/create-backend.ts"
import type { Config } from "../config/config.ts"
import type { UrlFetcher } from "../domain/files.ts"
import type { Log } from "../domain/log.ts"
import type { ServicePhase } from "../http/server/route-parts.ts"

/** What the service uses of pino. Fields never hold prompts, answers or keys. */
export interface ServiceLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What tests have instead of the real thing. */
interface Replacements {
  readonly now?: () => number
  /** In place of the one that fetches from public addresses only. */
  readonly fetcher?: UrlFetcher
  /** In place of the defaults. */
  readonly codexTimeouts?: NonNullable<AgentBackendOptions["codexTimeouts"]>
}

export interface ServiceOptions extends Replacements {
  readonly config: Config
  /** Last touches, made when the home is ours alone: what a second daemon must not do. */
  readonly completeConfig?: (config: Config) => Promise<Config>
  readonly log: ServiceLog
  /** What agents' processes inherit from, through an allow-list. */
  readonly env: NodeJS.ProcessEnv
  /** Serve the built-in demo agent when the manager's CLI is not ready at the start. */
  readonly demoFallback?: boolean
  /** No TCP port for clients: only the socket in the home. */
  readonly isOnSocketOnly?: boolean
  /** Aborted: the start is given up, with all that it has started so far. */
  readonly signal?: AbortSignal
}

/** What each step of the start is given beside what the steps before it have made. */
export interface Starting {
  readonly options: ServiceOptions
  readonly now: () => number
  readonly log: Log
  readonly releasers: Releasers
  readonly life: { phase: ServicePhase }
}

export function startingOf(options: ServiceOptions): Starting {
  const log: Log = (level, message, fields) => options.log[level](fields ?? {}, message)
  return {
    options,
    now: options.now ?? Date.now,
    log,
    releasers: new Releasers(log),
    life: { phase: "starting" },
  }
}

/** Released last in first out, each in its own try: one failure must not keep the others. */
export class Releasers {
  readonly #log: Log
  readonly #steps: { readonly name: string; readonly release: () => unknown }[] = []

  constructor(log: Log) {
    this.#log = log
  }

  add(name: string, release: () => unknown): void {
    this.#steps.push({ name, release })
  }

  async releaseAll(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.release()
      } catch (error) {
        this.#log("error", "a part of the service did not stop cleanly", { err: error, step: step.name })
      }
    }
  }
}
