import { messageOf } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import type { AppServer } from "./app-server.ts"
import { RpcLostError } from "./rpc-client.ts"
import { StartError } from "./start-error.ts"

const firstPauseMs = 1_000
const longestPauseMs = 30_000
/** A process that lived this long did not die of its start. */
const healthyLifeMs = 30_000

const updateStep =
  "Run `codex app-server` in a terminal as this user to see why; `npm install -g @openai/codex` installs the newest codex."

export interface SupervisorOptions {
  /** Spawns; throws a `StartError` when there is nothing to spawn. The handshake follows. */
  readonly spawn: () => AppServer
  readonly onStarted: (server: AppServer) => void
  readonly onExited: (server: AppServer, reason: string) => void
  readonly now: () => number
  readonly log: Log
}

/**
 * Keeps one app-server: started by the first who needs it, shared by all, replaced by the next who needs it after its
 * death. The first death is followed by a new start at once; after quick deaths in a row the pause grows from 1 s to
 * 30 s, in which callers get the last reason instead of one more process.
 */
export class AppServerSupervisor {
  readonly #options: SupervisorOptions
  #starting: Promise<AppServer> | null = null
  #server: AppServer | null = null
  #living = new Set<AppServer>()
  #quickDeaths = 0
  #notBefore = 0
  #lastReason = ""
  #isStopped = false

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** The live app-server, if there is one. */
  get current(): AppServer | null {
    return this.#server?.isAlive === true ? this.#server : null
  }

  /** The live app-server, or a new one. Rejects with `StartError`. */
  async get(): Promise<AppServer> {
    if (this.#isStopped) throw stopping()
    if (this.current !== null) return this.current
    // Everybody who asks during a start waits for that start: two processes would fight over the same threads.
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null
    })
    return this.#starting
  }

  /** Ends the process, also one that is only starting. Safe twice. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#living].map((server) => server.end()))
  }

  async #start(): Promise<AppServer> {
    const waitMs = this.#notBefore - this.#options.now()
    if (waitMs > 0) throw new StartError(this.#lastReason, updateStep, waitMs)
    const server = this.#options.spawn()
    const startedAt = this.#options.now()
    this.#living.add(server)
    void server.exited.then((reason) => {
      this.#living.delete(server)
      this.#died(server, reason, startedAt)
    })
    try {
      await server.initialize()
    } catch (error) {
      await server.end()
      // `exited` has been handled, so the back-off below is that of this death.
      await server.exited
      if (this.#isStopped) throw stopping()
      // A process that was killed for its silence: the silence is the reason, not the signal.
      if (error instanceof RpcLostError && error.isTimeout) this.#lastReason = messageOf(error)
      const reason = this.#lastReason || messageOf(error)
      throw new StartError(reason, updateStep, Math.max(0, this.#notBefore - this.#options.now()), error)
    }
    if (this.#isStopped) {
      await server.end()
      throw stopping()
    }
    this.#server = server
    this.#options.onStarted(server)
    return server
  }

  #died(server: AppServer, reason: string, startedAt: number): void {
    const lifeMs = this.#options.now() - startedAt
    this.#quickDeaths = lifeMs >= healthyLifeMs ? 0 : this.#quickDeaths + 1
    const pauseMs =
      this.#quickDeaths < 2 ? 0 : Math.min(firstPauseMs * 2 ** (this.#quickDeaths - 2), longestPauseMs)
    this.#notBefore = this.#options.now() + pauseMs
    const stderr = server.stderrTail.trim().split("\n").slice(-3).join("\n")
    this.#lastReason = stderr === "" ? `codex ${reason}` : `codex ${reason}: ${stderr}`
    if (server !== this.#server) return
    this.#server = null
    if (!this.#isStopped)
      this.#options.log("warn", "codex app-server is gone", { reason: this.#lastReason, pauseMs })
    this.#options.onExited(server, reason)
  }
}

function stopping(): StartError {
  return new StartError("the agent is stopping", "Start the service again.")
}
