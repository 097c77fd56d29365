import type { Log } from "../../domain/log.ts"
import { threadVariable } from "../../programs/child-environment.ts"
import {
  endProcessTree,
  markedProcesses,
  nobody,
  type ProcessRow,
  quickSteps,
} from "../kit/process/process-tree.ts"
import { anyResult, RpcRefusedError } from "../kit/rpc/rpc-client.ts"
import { type AppServerCalls, type Terminal, terminalsResultSchema } from "./protocol.ts"

/** How long an interrupted turn waits for the items of its commands, once these are ended. */
const itemsMs = 1_000
/** codex may be about to start one while it says that the turn is over. */
const secondLookMs = 1_000

export interface ThreadCommandsOptions {
  readonly server: AppServerCalls
  readonly threadId: string
  /** False: it is new, nothing can run in it. */
  readonly mayHaveRun: boolean
  readonly log: Log
}

/**
 * The commands of one thread: which run as codex tells it, and which processes they are. codex
 * forgets a command that it is just starting when its turn is interrupted, and says that others are
 * ended before they are; so the processes are looked at. Each has the thread's id in its
 * environment. What ran before a turn began is not the turn's.
 */
export class ThreadCommands {
  readonly #options: ThreadCommandsOptions
  /** Items that were told as started and not as completed, of this turn and earlier ones. */
  readonly #open = new Set<string>()
  /** Those of earlier turns. */
  #earlier: ReadonlySet<string> = new Set()
  #spared: readonly ProcessRow[] = []
  /** False: nothing of it can run, so nobody has to look. */
  #hasRun: boolean
  #onTurnEnded: (() => void) | null = null
  #secondLook: NodeJS.Timeout | null = null

  constructor(options: ThreadCommandsOptions) {
    this.#options = options
    this.#hasRun = options.mayHaveRun
  }

  started(itemId: string): void {
    this.#open.add(itemId)
    this.#hasRun = true
  }

  completed(itemId: string): void {
    if (this.#open.delete(itemId) && this.#isTurnEnded()) this.#onTurnEnded?.()
  }

  /** To be called before a turn: what runs now is left alone by the end of that turn. */
  async turnBegins(): Promise<void> {
    if (this.#secondLook !== null) {
      clearTimeout(this.#secondLook)
      this.#secondLook = null
      await this.endProcesses()
    }
    this.#earlier = new Set(this.#open)
    this.#spared = this.#hasRun ? await markedProcesses(this.#processes) : []
  }

  /** Ends what the turn has started, and waits for the items; then rejects if codex refuses. */
  async endTurn(requestMs?: number): Promise<void> {
    this.#hasRun = true
    try {
      await this.#endTerminals(requestMs)
    } finally {
      await this.endProcesses()
      await this.#turnEnded()
      for (const id of this.#open) if (!this.#earlier.has(id)) this.#open.delete(id)
      this.#secondLook = setTimeout(() => {
        this.#secondLook = null
        void this.endProcesses()
      }, secondLookMs)
      this.#secondLook.unref()
    }
  }

  /** The processes that the turn has started, without asking codex. Never rejects. */
  async endProcesses(): Promise<void> {
    await endProcessTree({ ...nobody, ...this.#processes, spared: this.#spared }, quickSteps)
  }

  /** Whether one runs that codex would end if it unloaded the thread. */
  async areRunning(): Promise<boolean> {
    if (this.#open.size === 0) return false
    const terminals = await this.#terminals()
    if (terminals !== null && terminals.length === 0) this.#open.clear()
    return this.#open.size > 0 && terminals !== null
  }

  /** A person may go on with the thread in a codex of their own. */
  get #processes() {
    const { server, threadId } = this.#options
    return { marker: [threadVariable, threadId], within: server.tree } as const
  }

  /** codex knows a command by its item, and leaves it running as a terminal in the background. */
  async #endTerminals(requestMs?: number): Promise<void> {
    const { server, threadId } = this.#options
    const terminals = await this.#terminals(requestMs)
    if (terminals === null) {
      const params = { threadId }
      await server.request("thread/backgroundTerminals/clean", params, anyResult, requestMs)
      return
    }
    const own = terminals.filter(({ itemId }) => !this.#earlier.has(itemId))
    await Promise.all(
      own.map(({ processId }) => {
        const params = { threadId, processId }
        return server.request("thread/backgroundTerminals/terminate", params, anyResult, requestMs)
      }),
    )
  }

  /** Null: this codex cannot tell them one by one. */
  async #terminals(requestMs?: number): Promise<readonly Terminal[] | null> {
    const { server, threadId, log } = this.#options
    try {
      // Of one page only, which is more than codex lets a thread have.
      const params = { threadId, limit: 1_000 }
      return (
        await server.request("thread/backgroundTerminals/list", params, terminalsResultSchema, requestMs)
      ).data
    } catch (error) {
      if (!(error instanceof RpcRefusedError)) throw error
      log("debug", "codex does not list commands", { reason: error.message })
      return null
    }
  }

  #isTurnEnded(): boolean {
    return [...this.#open].every((id) => this.#earlier.has(id))
  }

  async #turnEnded(): Promise<void> {
    if (this.#isTurnEnded()) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, itemsMs)
      this.#onTurnEnded = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#onTurnEnded = null
  }
}
