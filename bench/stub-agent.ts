/**
 * A `codex app-server` without a model: a turn costs well below a millisecond, so what a bench measures around it is the
 * service. The newest text of the input says what the turn does: `deltas=100 size=16 pauseMs=5` sends that many deltas of
 * that many characters, `pauseMs` before each (none: as fast as they are read); with `call=1` it calls the client's first
 * function before, and waits for the result. A delta begins with its number, so that a reader can tell whether every one
 * has come. Speaks what the codex backend and the bare service use; the rest is `{}`.
 */
import { createInterface } from "node:readline"

interface Message {
  readonly id?: unknown
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
}

const maxBatchLength = 64 * 1024
const filler = "abcdefghijklmnopqrstuvwxyz ".repeat(400)
/** Threads that want raw items, as codex gives them only where `thread/start` asked for them. */
const rawThreads = new Set<string>()
const interrupted = new Set<string>()
/** Name of the first function that the client offers in a thread. */
const functions = new Map<string, string>()
/** Calls that wait for their results, by the id of the request. */
const calls = new Map<unknown, () => void>()
let callCount = 0
let threadCount = 0
let turnCount = 0
let draining: Promise<void> | null = null

/** Collects lines and writes them in pieces that a pipe takes, waiting for the reader in between. */
class Output {
  #text = ""

  notify(method: string, params: Readonly<Record<string, unknown>>): void {
    this.#text += `${JSON.stringify({ method, params })}\n`
  }

  /** For deltas: the line is put together by hand, since the stub must not be what is measured. */
  line(text: string): void {
    this.#text += text
  }

  get isFull(): boolean {
    return this.#text.length >= maxBatchLength
  }

  async flush(): Promise<void> {
    const text = this.#text
    this.#text = ""
    if (text === "" || process.stdout.write(text)) return
    // One promise for all turns that wait: 128 of them would otherwise be 128 listeners.
    draining ??= new Promise((resolve) => {
      process.stdout.once("drain", () => {
        draining = null
        resolve()
      })
    })
    await draining
  }
}

function send(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

function numberIn(prompt: string, name: string, fallback: number): number {
  const match = new RegExp(`\\b${name}=(\\d+)`).exec(prompt)
  return match === null ? fallback : Number(match[1])
}

function deltaText(index: number, size: number): string {
  return `${String(index).padStart(7, "0")} ${filler}`.slice(0, size)
}

/** As codex does it: raw events name the call first, then the request comes, and the turn waits for its answer. */
async function callFunction(scope: { threadId: string; turnId: string }, output: Output): Promise<void> {
  const tool = functions.get(scope.threadId)
  if (tool === undefined) return
  callCount += 1
  const id = callCount
  const callId = `call_${id}`
  if (rawThreads.has(scope.threadId)) {
    const item = { type: "function_call", name: tool, arguments: "{}", call_id: callId }
    output.notify("rawResponseItem/completed", { ...scope, item })
    output.notify("rawResponse/completed", { ...scope, responseId: "resp_stub" })
  }
  await output.flush()
  send({ id, method: "item/tool/call", params: { ...scope, callId, tool, arguments: {} } })
  await new Promise<void>((resolve) => calls.set(id, resolve))
}

async function runTurn(threadId: string, turnId: string, prompt: string): Promise<void> {
  const deltas = numberIn(prompt, "deltas", 20)
  const size = Math.max(8, numberIn(prompt, "size", 16))
  const pauseMs = numberIn(prompt, "pauseMs", 0)
  const scope = { threadId, turnId }
  const itemId = `msg_${turnId}`
  const item = { type: "agentMessage", id: itemId, text: "", phase: "final_answer" }
  const output = new Output()
  output.notify("turn/started", {
    threadId,
    turn: { id: turnId, status: "inProgress", items: [], error: null },
  })
  if (numberIn(prompt, "call", 0) === 1) await callFunction(scope, output)
  output.notify("item/started", { ...scope, item })
  const head = `{"method":"item/agentMessage/delta","params":{"threadId":"${threadId}","turnId":"${turnId}","itemId":"${itemId}","delta":"`
  const texts: string[] = []
  for (let index = 0; index < deltas && !interrupted.has(turnId); index += 1) {
    if (pauseMs > 0) {
      await output.flush()
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    const text = deltaText(index, size)
    texts.push(text)
    output.line(`${head}${text}"}}\n`)
    if (output.isFull) await output.flush()
  }
  const text = texts.join("")
  output.notify("item/completed", { ...scope, item: { ...item, text } })
  if (rawThreads.has(threadId)) {
    const content = [{ type: "output_text", text }]
    output.notify("rawResponseItem/completed", {
      ...scope,
      item: { type: "message", role: "assistant", content, phase: "final_answer" },
    })
    output.notify("rawResponse/completed", { ...scope, responseId: "resp_stub" })
  }
  const last = {
    totalTokens: 30,
    inputTokens: 20,
    cachedInputTokens: 0,
    outputTokens: 10,
    reasoningOutputTokens: 0,
  }
  output.notify("thread/tokenUsage/updated", {
    ...scope,
    tokenUsage: { total: last, last, modelContextWindow: 100_000 },
  })
  const status = interrupted.delete(turnId) ? "interrupted" : "completed"
  output.notify("turn/completed", { threadId, turn: { id: turnId, status, items: [], error: null } })
  await output.flush()
}

function promptOf(params: Readonly<Record<string, unknown>>): string {
  const input = Array.isArray(params.input) ? params.input : []
  const last: unknown = input.at(-1)
  const text = typeof last === "object" && last !== null && "text" in last ? last.text : ""
  return typeof text === "string" ? text : ""
}

function firstFunction(tools: unknown): string | null {
  const [first]: unknown[] = Array.isArray(tools) ? tools : []
  const name = typeof first === "object" && first !== null && "name" in first ? first.name : null
  return typeof name === "string" ? name : null
}

function receive({ id, method, params = {} }: Message): void {
  const respond = (result: unknown): void => send({ id, result })
  switch (method) {
    case "initialize":
      respond({ userAgent: "stub/0.169.0 (bench)" })
      break
    case "account/read":
      respond({ account: null, requiresOpenaiAuth: false })
      break
    case "model/list":
      respond({ data: [] })
      break
    case "config/read":
      respond({ config: { model: null } })
      break
    case "thread/start":
    case "thread/resume":
    case "thread/fork": {
      threadCount += method === "thread/resume" ? 0 : 1
      const threadId = method === "thread/resume" ? String(params.threadId) : `thread-${threadCount}`
      if (params.experimentalRawEvents === true) rawThreads.add(threadId)
      const tool = firstFunction(params.dynamicTools)
      if (tool !== null) functions.set(threadId, tool)
      respond({ thread: { id: threadId, path: null }, model: "stub-1", reasoningEffort: null })
      break
    }
    case "thread/unsubscribe":
      rawThreads.delete(String(params.threadId))
      functions.delete(String(params.threadId))
      respond({})
      break
    case "turn/start": {
      turnCount += 1
      const turnId = `turn-${turnCount}`
      respond({ turn: { id: turnId, status: "inProgress", items: [], error: null } })
      void runTurn(String(params.threadId), turnId, promptOf(params))
      break
    }
    case "turn/interrupt":
      interrupted.add(String(params.turnId))
      respond({})
      break
    case undefined:
      calls.get(id)?.()
      calls.delete(id)
      break
    default:
      if (id !== undefined) respond({})
  }
}

// Above the number of turns that may wait for `drain` at once.
process.stdout.setMaxListeners(0)
createInterface({ input: process.stdin }).on("line", (line) => receive(JSON.parse(line)))
