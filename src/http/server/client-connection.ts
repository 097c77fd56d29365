import type { IncomingMessage, ServerResponse } from "node:http"
import type { LiveResponse } from "../../domain/response-log.ts"

/** Tells when the client of one request has gone before it had the whole answer. */
export interface ClientConnection {
  readonly gone: AbortSignal
  /** Stops watching: the answer is complete. Safe twice. */
  release(): void
}

/**
 * Watches the socket, not the request: a request's `close` comes as soon as its body is read, and
 * the response's never comes for one that waits its turn in a pipelined connection.
 */
function watchClient(incoming: IncomingMessage, outgoing: ServerResponse): ClientConnection {
  const controller = new AbortController()
  const { socket } = incoming
  const onClose = (): void => controller.abort()
  if (socket.destroyed || outgoing.destroyed) controller.abort()
  else socket.once("close", onClose)
  return { gone: controller.signal, release: () => socket.off("close", onClose) }
}

/** A client that cannot go: calls of the app as a function. */
const permanentClient: ClientConnection = { gone: new AbortController().signal, release: () => {} }

/** The connection of a request. */
export function clientOf({
  env,
}: {
  readonly env?: { readonly incoming?: IncomingMessage; readonly outgoing?: ServerResponse }
}): ClientConnection {
  const { incoming, outgoing } = env ?? {}
  return incoming === undefined || outgoing === undefined ? permanentClient : watchClient(incoming, outgoing)
}

/** The clients of the turns of a service. */
export class TurnClients {
  /** Clients that want a turn: a lost one may have taken the stream up again on another. */
  readonly #waiting = new WeakMap<LiveResponse, number>()
  /** Turns whose conversation has gone on, so that nobody comes back for them. */
  readonly #left = new WeakSet<LiveResponse>()

  /** The turn goes on whoever leaves. */
  hold(live: LiveResponse): void {
    this.#wait(live, 1)
    const { goesOnBehind } = live
    if (!goesOnBehind || this.#left.has(goesOnBehind)) return
    this.#left.add(goesOnBehind)
    if (this.#waiting.get(goesOnBehind) === 0) goesOnBehind.cancel()
  }

  /**
   * The one place that decides what a lost client means: its turn is cancelled after the grace,
   * unless it ended by then or another client of it is there. Whoever sends the conversation's next
   * message does not come back for it: then at once.
   */
  cancelWhenGone({ gone }: ClientConnection, live: LiveResponse, graceMs: number): void {
    this.hold(live)
    const start = (): void => {
      this.#wait(live, -1)
      const cancel = (): void => {
        if (this.#waiting.get(live) === 0) live.cancel()
      }
      if (this.#left.has(live)) {
        cancel()
        return
      }
      const timer = setTimeout(cancel, graceMs)
      void live.finished.then(() => clearTimeout(timer))
    }
    if (gone.aborted) start()
    else gone.addEventListener("abort", start, { once: true })
  }

  #wait(live: LiveResponse, change: 1 | -1): void {
    const count = (this.#waiting.get(live) ?? 0) + change
    this.#waiting.set(live, count)
    live.isUnattended = count === 0
  }
}
