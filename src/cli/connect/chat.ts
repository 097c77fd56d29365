import { messageOf, ProxyError } from "../../domain/errors.ts"
import type { AgentView } from "../context/agent-view.ts"
import type { DaemonClient } from "../context/daemon-client.ts"
import { brokenOff, type FinishedResponse, followTurn, type ShownEvent } from "./turn-events.ts"

interface ChatOptions {
  readonly client: DaemonClient
  readonly agentId: string
  /** Absolute; the folder that this talk is about. Null: the agent's own working directory. */
  readonly workingDir: string | null
  readonly isNew: boolean
}

/** A talk with an agent in its main conversation, which goes on where the last one ended. */
export class Chat {
  readonly agentId: string
  readonly #options: ChatOptions
  #conversation: Promise<string> | null = null
  #isNew: boolean
  #hasToldFolder = false

  constructor(options: ChatOptions) {
    this.agentId = options.agentId
    this.#options = options
    this.#isNew = options.isNew
  }

  /** The next message begins a new conversation. */
  beginAnew(): void {
    this.#conversation = null
    this.#isNew = true
    this.#hasToldFolder = false
  }

  async status(): Promise<AgentView | null> {
    const { agents } = await this.#options.client.status()
    return agents.find(({ id }) => id === this.agentId) ?? null
  }

  /**
   * Runs one turn and tells of it as it goes. Resolves with the finished response. Aborting
   * interrupts the turn; rejects then, and for whatever keeps the turn from being run, with
   * `ProxyError`.
   */
  async say(
    text: string,
    onEvent: (event: ShownEvent) => void,
    signal: AbortSignal,
  ): Promise<FinishedResponse> {
    try {
      const body = {
        model: this.agentId,
        conversation: await this.#id(),
        stream: true,
        input: this.#inputOf(text),
      }
      const stream = await this.#options.client.open("POST", "/v1/responses", body, signal)
      this.#hasToldFolder = true
      const finished = await followTurn(stream, onEvent)
      if (finished === null) throw brokenOff()
      return finished
    } catch (error) {
      if (signal.aborted) throw new ProxyError("interrupted", "The turn was interrupted.", { cause: error })
      if (error instanceof ProxyError) throw error
      throw new ProxyError("backend_error", `The connection to the service broke: ${messageOf(error)}.`, {
        cause: error,
      })
    }
  }

  #id(): Promise<string> {
    this.#conversation ??= this.#options.client
      .mainConversation(this.agentId, this.#isNew)
      .catch((error: unknown) => {
        this.#conversation = null
        throw error
      })
    this.#isNew = false
    return this.#conversation
  }

  #inputOf(text: string): readonly object[] {
    const message = { role: "user", content: text }
    const { workingDir } = this.#options
    if (workingDir === null || this.#hasToldFolder) return [message]
    const folder =
      `The person talks to you from a terminal in the folder ${workingDir}. What follows is about that folder, ` +
      "unless it says otherwise; use absolute paths."
    return [{ role: "developer", content: folder }, message]
  }
}
