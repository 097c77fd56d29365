/**
 * A `codex app-server` with any number of threads, each turn of which runs until it is interrupted, or for two seconds where its text is
 * `soon`. It answers `turn/interrupt` after INTERRUPT_MS; without that never. LOG names a file to which it appends each message that
 * it gets, and its start.
 */
import { appendFileSync } from "node:fs"
import { createInterface } from "node:readline"

const interruptMs = process.env.INTERRUPT_MS === undefined ? null : Number(process.env.INTERRUPT_MS)
let threads = 0

interface Message {
  readonly id?: unknown
  readonly method?: string
  readonly params?: { readonly threadId?: string; readonly input?: unknown }
}

function record(entry: unknown): void {
  appendFileSync(process.env.LOG ?? "/dev/null", `${JSON.stringify(entry)}\n`)
}

function send(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

function complete(threadId: string | undefined, status: string): void {
  const turn = { id: `turn of ${threadId}`, status, error: null }
  send({ method: "turn/completed", params: { threadId, turnId: turn.id, turn } })
}

function receive({ id, method, params = {} }: Message): void {
  record({ method, threadId: params.threadId })
  const respond = (result: unknown) => send({ id, result })
  const { threadId } = params
  switch (method) {
    case "initialize":
      respond({ userAgent: "x/1.2.3 (Linux)" })
      break
    case "account/read":
      respond({ account: null, requiresOpenaiAuth: false })
      break
    case "thread/start":
      threads += 1
      respond({ thread: { id: `thread-${threads}`, path: null }, model: "m", reasoningEffort: null })
      break
    case "thread/resume":
      respond({ thread: { id: threadId, path: null }, model: "m", reasoningEffort: null })
      break
    case "turn/start":
      respond({ turn: { id: `turn of ${threadId}` } })
      if (JSON.stringify(params.input).includes("soon")) setTimeout(complete, 2_000, threadId, "completed")
      break
    case "turn/interrupt":
      if (interruptMs === null) return
      setTimeout(() => {
        respond({})
        complete(threadId, "interrupted")
      }, interruptMs)
      break
    default:
      if (id !== undefined) respond({})
  }
}

record({ started: process.pid })
createInterface({ input: process.stdin }).on("line", (line) => receive(JSON.parse(line)))
