import type { ServerResponse } from "node:http"
import { sseHeaders } from "./sse-writer.ts"
import { isThereWithin, type Waiting } from "./waiting-answer.ts"

/**
 * Resolves with what the work resolves to, which is what a stream is made from. One that is not there in time, as what the request
 * refers to has to be fetched, begins with its head and goes on with blank lines, which are no event to anybody: none may come before
 * those of a turn that is there, and behind a comment some clients lose an error.
 */
export async function headInTime<T>(
  outgoing: ServerResponse,
  work: Promise<T>,
  { keepAliveMs, headers, clientGone }: Waiting,
): Promise<T> {
  if ((await isThereWithin(work, keepAliveMs)) || clientGone.aborted) return work
  outgoing.writeHead(200, { ...sseHeaders, ...headers() })
  const blankLine = (): void => {
    if (!clientGone.aborted && !outgoing.writableNeedDrain) outgoing.write("\n")
  }
  blankLine()
  const timer = setInterval(blankLine, keepAliveMs)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
