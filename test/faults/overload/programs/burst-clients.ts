/**
 * Clients that all ask at once, each on a connection of its own: PORT COUNT FIRST KEYS. Says `ready`, waits for a message,
 * sends the requests of the clients FIRST to FIRST + COUNT - 1, and reports what became of them.
 */
import { type CallResult, httpCall, jsonOf } from "../../support/http-call.ts"
import { keyOf } from "../keys.ts"

export type BurstKind = "completed" | "refused" | "reset" | "hang" | "other"

export interface BurstAnswer {
  readonly kind: BurstKind
  /** Number of the key. */
  readonly key: number
  /** Null where it is what it must be. */
  readonly fault: string | null
}

const timeoutMs = 60_000
const [port = 0, count = 0, first = 0, keys = 1] = process.argv.slice(2).map(Number)

async function ask(index: number): Promise<BurstAnswer> {
  const key = index % keys
  const body = { model: "manager", input: "deltas=10 pauseMs=200" }
  const result = await httpCall({
    port,
    key: keyOf(key),
    method: "POST",
    path: "/v1/responses",
    body,
    timeoutMs,
  })
  const kind = kindOf(result)
  const isRight = kind === "completed" || kind === "refused"
  const { end, status, code, text } = result
  return {
    kind,
    key,
    fault: isRight ? null : `${kind}: ${end} ${code ?? ""} ${status ?? ""} ${text.slice(0, 200)}`,
  }
}

function kindOf(result: CallResult): BurstKind {
  if (result.end === "timeout") return "hang"
  if (result.end !== "whole") return "reset"
  if (result.status === 200 && jsonOf(result)?.status === "completed") return "completed"
  return result.status === 429 && Number(result.headers["retry-after"]) >= 1 ? "refused" : "other"
}

process.once("disconnect", () => process.exit())
process.once("message", () => {
  void Promise.all(Array.from({ length: count }, (_, index) => ask(first + index))).then((answers) =>
    process.send?.(answers),
  )
})
process.send?.("ready")
