import { type JsonObject, parseObject } from "../../model-server/wire.ts"
import type { CallEnd } from "../support/http-call.ts"

const ends = ["response.completed", "response.failed", "response.incomplete", "error"]

/** One turn over a WebSocket of its own; never rejects. */
export function socketTurn(
  port: number,
  input: string,
  { timeoutMs, onEvent }: { readonly timeoutMs: number; readonly onEvent: (event: JsonObject) => void },
): Promise<CallEnd> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/responses`)
    const settle = (end: CallEnd): void => {
      clearTimeout(timer)
      resolve(end)
      socket.close()
    }
    const timer = setTimeout(() => settle("timeout"), timeoutMs)
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ type: "response.create", model: "manager", input }))
    })
    socket.addEventListener("message", ({ data }) => {
      const event = parseObject(String(data))
      if (event === null || event.type === "keepalive") return
      onEvent(event)
      if (ends.includes(String(event.type))) settle("whole")
    })
    socket.addEventListener("error", () => settle("cut"))
    socket.addEventListener("close", () => settle("cut"))
  })
}
