/**
 * A `codex app-server` that misbehaves in one way, named by the variable SCENARIO. It serves one thread and one turn. LOG
 * names a file to which it appends each start and each message that it gets.
 */
import { spawn } from "node:child_process"
import { appendFileSync, existsSync } from "node:fs"
import { createInterface } from "node:readline"

const scenario = process.env.SCENARIO ?? ""
const threadId = "thread-1"
const turnId = "turn-1"

function record(entry: unknown): void {
  if (process.env.LOG !== undefined) appendFileSync(process.env.LOG, `${JSON.stringify(entry)}\n`)
}

function send(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

function notify(method: string, params: Readonly<Record<string, unknown>>): void {
  send({ method, params: { threadId, turnId, ...params } })
}

function say(text: string): void {
  const item = { type: "agentMessage", id: "msg-1", text: "", phase: null }
  notify("item/started", { item })
  notify("item/agentMessage/delta", { itemId: "msg-1", delta: text })
  notify("item/completed", { item: { ...item, text } })
}

function complete(status = "completed"): void {
  notify("turn/completed", { turn: { id: turnId, status, error: null } })
}

/** What the scenario does with a turn. `respond` answers `turn/start`. */
function runTurn(respond: () => void): void {
  switch (scenario) {
    case "early":
      notify("turn/started", { turn: { id: turnId } })
      say("early words")
      respond()
      complete()
      break
    case "uninvited":
      respond()
      notify("turn/started", { turn: { id: "turn-of-nobody" } })
      notify("item/agentMessage/delta", { turnId: "turn-of-nobody", itemId: "x", delta: "not yours" })
      say("yours")
      complete()
      break
    case "malformed":
      respond()
      process.stdout.write("this is no JSON\n\n[1]\n")
      send({ method: "something/new", params: { anything: true } })
      send({ method: "item/agentMessage/delta", params: { threadId, turnId, delta: 5 } })
      notify("item/completed", { item: { type: "commandExecution", id: "c", command: 7 } })
      notify("item/completed", { item: { type: "kindOfTomorrow", id: "k" } })
      say("still fine")
      complete()
      break
    case "asks":
      respond()
      send({ id: "a", method: "item/commandExecution/requestApproval", params: { threadId, turnId } })
      send({ id: "b", method: "something/unheardOf", params: { threadId, turnId } })
      send({
        id: "c",
        method: "item/tool/call",
        params: { threadId, turnId, callId: "call-1", tool: "no_such_tool", arguments: {} },
      })
      break
    case "leaves a child":
      respond()
      record({ child: spawn("sleep", ["300"], { stdio: "ignore" }).pid })
      process.kill(process.pid, "SIGKILL")
      break
    case "forgets":
    case "forgets, deaf":
      respond()
      notify("turn/started", { turn: { id: turnId } })
      record({ own: startCommand(threadId), others: startCommand("thread-2") })
      notify("item/agentMessage/delta", { itemId: "msg-1", delta: "…" })
      break
    default:
      respond()
      notify("turn/started", { turn: { id: turnId } })
      notify("item/agentMessage/delta", { itemId: "msg-1", delta: "…" })
  }
}

/** In a session of its own, with its thread in the environment, as the real one does. */
function startCommand(thread: string): number | undefined {
  const env = { ...process.env, CODEX_THREAD_ID: thread }
  return spawn("sleep", ["300"], { stdio: "ignore", detached: true, env }).pid
}

const answers: string[] = []

function receive(message: {
  readonly id?: unknown
  readonly method?: string
  readonly result?: unknown
  readonly error?: unknown
}): void {
  record(message)
  const respond = (result: unknown) => send({ id: message.id, result })
  switch (message.method) {
    case "initialize":
      if (scenario !== "mute") respond({ userAgent: "x/1.2.3 (Linux)" })
      break
    case "account/read":
      respond({ account: null, requiresOpenaiAuth: !existsSync(process.env.LOGIN ?? "/nowhere") })
      break
    case "thread/start":
    case "thread/resume":
      respond({ thread: { id: threadId, path: null }, model: "m", reasoningEffort: null })
      break
    case "turn/start":
      runTurn(() => respond({ turn: { id: turnId } }))
      break
    case "turn/interrupt":
      if (scenario !== "frozen") respond({})
      if (scenario === "obedient" || scenario === "forgets") complete("interrupted")
      break
    case undefined:
      // Answers to what the scenario `asks` asked.
      answers.push(JSON.stringify(message.error ?? message.result))
      if (answers.length === 3) {
        say(answers.join("\n"))
        complete()
      }
      break
    default:
      respond({})
  }
}

record({ started: process.pid })
if (scenario === "dies") {
  process.stderr.write("error: the configuration is broken in line 3\n")
  process.exitCode = 1
} else {
  createInterface({ input: process.stdin }).on("line", (line) => receive(JSON.parse(line)))
}
