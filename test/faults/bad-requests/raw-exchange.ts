import { connect } from "node:net"
import { setTimeout as delay } from "node:timers/promises"

export interface RawExchange {
  /** Written one after the other, with a moment in between. */
  readonly pieces: readonly (string | Uint8Array)[]
  /**
   * `refusal`: the last answer has a status of 400 and more. `after`: the request before the junk has its answer. `end`: the
   * connection ends, whatever is said. `nothing`: the client leaves at once.
   */
  readonly wants: "refusal" | "after" | "end" | "nothing"
}

const waitMs = 10_000

/** Null, or what was wrong with what came back on a connection of its own. */
export async function exchangeRaw(port: number, { pieces, wants }: RawExchange): Promise<string | null> {
  const socket = connect({ host: "127.0.0.1", port })
  let text = ""
  socket.setEncoding("latin1").on("data", (piece: string) => {
    text += piece
  })
  let error: NodeJS.ErrnoException | null = null
  const closed = new Promise<"closed">((resolve) => {
    socket.once("error", (cause) => {
      error = cause
    })
    socket.once("close", () => resolve("closed"))
  })
  for (const piece of pieces) {
    socket.write(piece)
    if (pieces.length > 1) await delay(1)
  }
  if (wants === "nothing") {
    socket.destroy()
    return null
  }
  const end = await Promise.race([closed, delay(waitMs, "open" as const, { ref: false })])
  socket.destroy()
  if (end === "open") return `hang: ${shown(pieces)} had ${JSON.stringify(text.slice(0, 100))}`
  const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => Number(match[1]))
  if (statuses.some((status) => status >= 500)) return `5xx: ${shown(pieces)} had ${text.slice(0, 300)}`
  if (wants === "end") return null
  const last = statuses.at(-1)
  if (last === undefined) {
    const code = error === null ? "no answer" : (error as NodeJS.ErrnoException).code
    return `cut: ${shown(pieces)} had ${code}`
  }
  if (wants === "after")
    return statuses[0] === 200 ? null : `cut: ${shown(pieces)} had ${text.slice(0, 100)} alone`
  if (last < 400) return `accepted: ${shown(pieces)} had ${last}`
  return hasErrorShape(text) ? null : `shape: ${shown(pieces)} had ${text.slice(-300)}`
}

function hasErrorShape(text: string): boolean {
  return (
    /content-type: application\/json/i.test(text) &&
    /\{"error":\{"message":".*"type":".*"param":.*"code":/s.test(text)
  )
}

function shown(pieces: readonly (string | Uint8Array)[]): string {
  const text = pieces
    .map((piece) => (typeof piece === "string" ? piece : Buffer.from(piece).toString("latin1")))
    .join("|")
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}..` : text)
}
