import type { ServerResponse } from "node:http"
import type { OpenChannel } from "../mcp/open-channel.ts"

export interface Notices {
  /** Besides those that make it what it is. */
  readonly headers: Readonly<Record<string, string>>
  /** Longest silence on the wire. */
  readonly keepAliveMs: number
  /** Told at once; null: nothing. */
  readonly first: string | null
  /** Told whenever the functions of the channel were changed. */
  readonly changed: string
  readonly channel: OpenChannel
  /** Aborted when the client is gone. */
  readonly clientGone: AbortSignal
}

/** A stream that says when the functions of a channel were changed. Resolves when the client or the channel is gone. */
export async function writeNotices(outgoing: ServerResponse, notices: Notices): Promise<void> {
  const { channel, changed, clientGone } = notices
  outgoing.writeHead(200, {
    ...notices.headers,
    "content-type": "text/event-stream",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  })
  outgoing.flushHeaders()
  const tell = (message: string): void => {
    if (!outgoing.writableNeedDrain) outgoing.write(`event: message\ndata: ${message}\n\n`)
  }
  if (notices.first !== null) tell(notices.first)
  const timer = setInterval(() => {
    if (!outgoing.writableNeedDrain) outgoing.write(": listening\n\n")
  }, notices.keepAliveMs)
  const { promise: over, resolve: end } = Promise.withResolvers<void>()
  const leave = channel.listen({ onChanged: () => tell(changed), onClosed: end })
  if (clientGone.aborted) end()
  else clientGone.addEventListener("abort", () => end(), { once: true })
  await over
  leave()
  clearInterval(timer)
  outgoing.end()
}
