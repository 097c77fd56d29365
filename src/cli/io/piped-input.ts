import type { Readable } from "node:stream"
import { setTimeout as delay } from "node:timers/promises"

/** So long a question waits for a pipe's first byte: whoever starts this may have left one open. */
export const firstByteMs = 3_000

/**
 * What is on stdin, to its end. Null: nothing came within `waitMs` (null: for as long as it takes),
 * and `stdin` is closed, so that it keeps nobody waiting.
 */
export async function pipedInput(stdin: Readable, waitMs: number | null): Promise<string | null> {
  const settled = new AbortController()
  const chunks = stdin.iterator({ destroyOnReturn: false })
  const first = chunks.next()
  try {
    if (waitMs !== null) {
      const isLate = delay(waitMs, "late" as const, { signal: settled.signal, ref: false })
      isLate.catch(() => {})
      if ((await Promise.race([first, isLate])) === "late") {
        first.catch(() => {})
        stdin.destroy()
        return null
      }
    }
    const parts: Buffer[] = []
    for (let next = await first; next.done !== true; next = await chunks.next()) {
      parts.push(Buffer.from(next.value))
    }
    return Buffer.concat(parts).toString("utf8")
  } finally {
    settled.abort()
  }
}
