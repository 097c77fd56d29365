import type { EventEmitter } from "node:events"

/** Resolves when the event comes, or the client is gone. */
export function settled(stream: EventEmitter, event: string, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (gone.aborted) return resolve()
    const settle = (): void => {
      stream.off(event, settle)
      gone.removeEventListener("abort", settle)
      resolve()
    }
    stream.on(event, settle)
    gone.addEventListener("abort", settle)
  })
}

/** Lets everybody else have the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
