import type { ServerResponse } from "node:http"
import { oneLineJson } from "../domain/one-line-json.ts"
import { breakOff } from "./broken-answer.ts"
import { WholeBody, writeLarge } from "./large-answer.ts"
import type { StalledReaders } from "./stalled-readers.ts"

export interface HeldAnswer {
  /** Besides those that make it what it is. */
  readonly headers: Readonly<Record<string, string>>
  /** True: server-sent events; false: a JSON body. */
  readonly isStream: boolean
  /** Longest silence on the wire. */
  readonly keepAliveMs: number
  /** A message that says that the call goes on; null: none was asked for. */
  readonly progress: () => string | null
  /** The last message; null: nobody waits for it. Never rejects. */
  readonly message: Promise<string | null>
  readonly readers: StalledReaders
  /** Aborted when the client is gone. */
  readonly clientGone: AbortSignal
}

/**
 * Answers a request whose result may take hours. Silence would make the waiting side, or something in between, give up, so a
 * sign of life goes out from time to time: a comment of the stream, or white space in front of the JSON.
 */
export async function writeHeldAnswer(outgoing: ServerResponse, held: HeldAnswer): Promise<void> {
  const { isStream, clientGone } = held
  outgoing.writeHead(200, {
    ...held.headers,
    "content-type": isStream ? "text/event-stream" : "application/json",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  })
  outgoing.flushHeaders()
  const timer = setInterval(() => {
    // What a slow reader has not taken yet is a sign of life, too.
    if (clientGone.aborted || outgoing.writableNeedDrain) return
    if (!isStream) outgoing.write(" ")
    else outgoing.write(frameOf(held.progress()) ?? ": waiting\n\n")
  }, held.keepAliveMs)
  try {
    const message = await held.message
    // Nothing comes between the pieces of a long message.
    clearInterval(timer)
    if (clientGone.aborted) breakOff(outgoing)
    else {
      const body = new WholeBody(Buffer.from((isStream ? frameOf(message) : message) ?? ""))
      await writeLarge(outgoing, body, clientGone, held.readers)
    }
  } finally {
    clearInterval(timer)
  }
}

function frameOf(message: string | null): string | undefined {
  return message === null ? undefined : `event: message\ndata: ${oneLineJson(message)}\n\n`
}
