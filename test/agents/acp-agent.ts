#!/usr/bin/env node
/**
 * An agent that speaks the Agent Client Protocol and does what the directives of `test/model-server` in the prompt say. Its
 * sessions are files in SESSIONS, its prompts are written to PROMPTS. It misbehaves when the rest of the prompt says so
 * (`misbehave` below), or from its start on when FAULT does.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as delay, setImmediate as immediate } from "node:timers/promises"
import { parseScript, type ToolDirective } from "../model-server/script.ts"
import { callTool } from "../support/mcp-client.ts"
import { shell } from "./shell.ts"

type Fields = Readonly<Record<string, unknown>>

interface Session {
  readonly id: string
  /** Messages of the user, oldest first. */
  readonly said: string[]
  servers: readonly Fields[]
  mode: string
  abort: AbortController | null
}

const folder = process.env.SESSIONS ?? "sessions"
const fault = process.env.FAULT ?? ""
const sessions = new Map<string, Session>()
const asked = new Map<number, (result: Fields) => void>()
let nextAsk = 1

class RpcFailure extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

function send(message: Fields): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
}

function update(session: Session, fields: Fields): void {
  send({ method: "session/update", params: { sessionId: session.id, update: fields } })
}

function chunk(session: Session, text: string, kind = "agent_message_chunk"): void {
  update(session, { sessionUpdate: kind, content: { type: "text", text } })
}

function ask(method: string, params: Fields): Promise<Fields> {
  const id = nextAsk++
  send({ id, method, params })
  return new Promise((resolve) => asked.set(id, resolve))
}

function newSession(id: string, said: string[], servers: readonly Fields[]): Session {
  const session = { id, said, servers, mode: "ask", abort: null }
  sessions.set(id, session)
  return session
}

const modes = { currentModeId: "ask", availableModes: [{ id: "ask" }, { id: "yolo" }] }
const configOptions = [
  {
    id: "model",
    category: "model",
    currentValue: "small",
    options: [{ options: [{ value: "small" }, { value: "large" }] }],
  },
  {
    id: "effort",
    category: "thought_level",
    currentValue: "low",
    options: [{ value: "low" }, { value: "high" }],
  },
]

/** A loaded session has what was set last, in whichever process. */
function keptOptions(): typeof configOptions {
  const lines = readFileSync(join(folder, "options"), "utf8").trim().split("\n")
  const kept = new Map(lines.map((line) => line.split("=") as [string, string]))
  return configOptions.map((option) => ({
    ...option,
    currentValue: kept.get(option.id) ?? option.currentValue,
  }))
}

/** With a late replay it reads requests in between, as gemini does. */
async function replay(session: Session): Promise<void> {
  const times = fault === "late-replay" ? 2_000 : 1
  for (const text of session.said) {
    chunk(session, text, "user_message_chunk")
    if (fault === "unanswered" && text === session.said.at(-1)) return
    for (let time = 0; time < times; time += 1) {
      chunk(session, "an answer of before")
      if (fault === "late-replay") await immediate()
    }
  }
}

async function answer(method: string, params: Fields): Promise<unknown> {
  const session = sessions.get(String(params.sessionId))
  switch (method) {
    case "initialize":
      if (fault === "question") return new Promise(() => {})
      return {
        protocolVersion: fault === "version" ? 7 : 1,
        agentInfo: { name: "scripted", version: "1.2.3" },
        agentCapabilities: {
          loadSession: fault !== "no-load",
          promptCapabilities: { image: true },
          mcpCapabilities: { http: true },
          sessionCapabilities: { close: {}, delete: {} },
        },
      }
    case "session/new": {
      if (fault === "log-in" && !existsSync(join(folder, "logged-in"))) {
        throw new RpcFailure(-32_000, "Authentication required")
      }
      if (fault === "slow") await delay(600)
      const { id } = newSession(crypto.randomUUID(), [], params.mcpServers as Fields[])
      return { sessionId: id, modes, configOptions }
    }
    case "session/load": {
      const file = join(folder, `${params.sessionId}.json`)
      if (!existsSync(file)) throw new RpcFailure(-32_602, "no such session")
      const said: string[] = JSON.parse(readFileSync(file, "utf8"))
      const loaded = newSession(String(params.sessionId), said, params.mcpServers as Fields[])
      const replayed = replay(loaded)
      if (fault !== "late-replay") await replayed
      return { modes, configOptions: fault === "keeps-options" ? keptOptions() : configOptions }
    }
    case "session/set_mode":
      if (session !== undefined) session.mode = String(params.modeId)
      return {}
    case "session/set_config_option":
      appendFileSync(join(folder, "options"), `${params.configId}=${params.value}\n`)
      return { configOptions }
    case "session/close":
      sessions.delete(String(params.sessionId))
      return {}
    case "session/delete":
      rmSync(join(folder, `${params.sessionId}.json`), { force: true })
      return {}
    case "session/prompt":
      if (session === undefined) throw new RpcFailure(-32_602, "no such session")
      // It had the session, and somebody has removed it.
      if (fault === "forgets" && session.said.length > 0) {
        sessions.delete(session.id)
        throw new RpcFailure(-32_603, `Internal error: Session not found: ${session.id}`)
      }
      return prompt(session, params.prompt as Fields[])
    default:
      throw new RpcFailure(-32_601, `no method ${method}`)
  }
}

const usage = { inputTokens: 120, outputTokens: 7, cachedReadTokens: 100, thoughtTokens: 2 }

async function prompt(session: Session, blocks: readonly Fields[]): Promise<Fields> {
  const text = blocks.map((block) => (typeof block.text === "string" ? block.text : "")).join("")
  appendFileSync(join(folder, "prompts"), `${JSON.stringify(text)}\n`)
  // By the protocol a command of the agent's: no model hears of it.
  if (/^\s*[/$?]/.test(text)) {
    chunk(session, "I know no such command.")
    return { stopReason: "end_turn" }
  }
  session.abort = new AbortController()
  const { signal } = session.abort
  session.said.push(text)
  writeFileSync(join(folder, `${session.id}.json`), JSON.stringify(session.said))
  const message = text.split("The next message, to be answered now:\n\n").at(-1) ?? ""
  try {
    const end = await follow(session, message, blocks, signal)
    return { stopReason: "end_turn", usage, ...end }
  } catch (error) {
    if (!signal.aborted) throw error
    return { stopReason: "cancelled", usage }
  } finally {
    session.abort = null
  }
}

async function follow(
  session: Session,
  message: string,
  blocks: readonly Fields[],
  signal: AbortSignal,
): Promise<Fields> {
  const script = parseScript(message)
  const end = await misbehave(session, script.plainText.trim(), signal)
  if (end !== null) return end
  for (const round of script.rounds) {
    for (const step of round.steps) {
      switch (step.type) {
        case "say":
          for (const part of step.text.match(/[\s\S]{1,4}/gu) ?? []) chunk(session, part)
          break
        case "reason":
          chunk(session, step.text, "agent_thought_chunk")
          break
        case "slow":
          for (let number = 1; number <= step.count; number++) {
            if (number > 1) await delay(step.gapMs, null, { signal })
            chunk(session, number === step.count ? `${number}` : `${number} `)
          }
          break
        case "deltas":
          for (let number = 1; number <= step.count; number++) {
            chunk(session, number === step.count ? `${number}` : `${number} `)
          }
          break
        case "history":
          chunk(session, JSON.stringify(session.said))
          break
        case "image":
          for (const { type, mimeType, data } of blocks) {
            if (type === "image")
              chunk(session, `image:${mimeType}:${Buffer.from(String(data), "base64").length}`)
          }
          break
        case "status":
          throw new RpcFailure(step.status, `scripted error ${step.status}`)
        case "hang":
          await delay(2 ** 30, null, { signal })
          break
        default:
          throw new RpcFailure(-32_602, `this agent has no [[${step.type}]]`)
      }
    }
    await Promise.all(round.tools.map((tool) => use(session, tool, signal)))
    if (round.tools.length > 0) chunk(session, "Done with tools.")
  }
  return {}
}

async function use(session: Session, tool: ToolDirective, signal: AbortSignal): Promise<void> {
  const toolCallId = `call_${crypto.randomUUID()}`
  switch (tool.type) {
    case "shell": {
      update(session, {
        sessionUpdate: "tool_call",
        toolCallId,
        title: "bash",
        kind: "execute",
        status: "pending",
        rawInput: {},
      })
      const rawInput = { command: tool.command }
      update(session, { sessionUpdate: "tool_call_update", toolCallId, status: "in_progress", rawInput })
      const { output, exit } = await shell(tool.command, signal)
      const rawOutput = { output, metadata: { exit } }
      update(session, { sessionUpdate: "tool_call_update", toolCallId, status: "completed", rawOutput })
      return
    }
    case "edit": {
      const call = { toolCallId, title: `Write ${tool.path}`, kind: "edit", locations: [{ path: tool.path }] }
      update(session, { sessionUpdate: "tool_call", ...call, status: "pending" })
      const isAllowed = session.mode === "yolo" || (await isPermitted(session, call))
      if (isAllowed) writeFileSync(tool.path, tool.text)
      const content = isAllowed ? [{ type: "diff", path: tool.path, oldText: null, newText: tool.text }] : []
      const status = isAllowed ? "completed" : "failed"
      update(session, { sessionUpdate: "tool_call_update", toolCallId, status, content })
      return
    }
    case "tool": {
      const title = `client-${tool.name}`
      const server = session.servers[0]
      update(session, { sessionUpdate: "tool_call", toolCallId, title, kind: "other", status: "in_progress" })
      if (server !== undefined) {
        const result = await callTool(server, tool.name, JSON.parse(tool.arguments), signal)
        appendFileSync(join(folder, "results"), `${JSON.stringify(result)}\n`)
      }
      update(session, { sessionUpdate: "tool_call_update", toolCallId, status: "completed" })
      return
    }
    case "js":
      throw new RpcFailure(-32_602, "this agent has no code mode")
  }
}

async function isPermitted(session: Session, toolCall: Fields): Promise<boolean> {
  const options = [
    { optionId: "always", name: "Always", kind: "allow_always" },
    { optionId: "once", name: "Once", kind: "allow_once" },
    { optionId: "no", name: "No", kind: "reject_once" },
  ]
  const result = await ask("session/request_permission", { sessionId: session.id, toolCall, options })
  return JSON.stringify(result).includes('"once"')
}

/** What the rest of the prompt asks for; null: nothing. */
async function misbehave(session: Session, words: string, signal: AbortSignal): Promise<Fields | null> {
  const [word, argument = ""] = words.split(/ (.*)/s)
  switch (word) {
    case "die":
      process.kill(process.pid, "SIGKILL")
      return delay(1_000, null)
    case "ignore-cancel":
      chunk(session, "I do not stop.")
      return new Promise(() => {})
    case "late-cancel":
      chunk(session, "I stop later.")
      await new Promise((resolve) => signal.addEventListener("abort", resolve))
      await delay(300)
      chunk(session, " Now.")
      return { stopReason: "end_turn" }
    case "error-as-answer":
      chunk(session, argument)
      return { usage: { inputTokens: 0, outputTokens: 0 } }
    case "cut":
      chunk(session, "Half an")
      chunk(session, "Info: Response was interrupted. Retrying...")
      chunk(session, "Half")
      chunk(session, "Error: Failed to get a response. Last error: 500 no luck")
      return { usage: null }
    case "no-answer":
      return { usage: null }
    case "stop":
      return { stopReason: argument }
    case "trouble":
      // As opencode's log has it.
      process.stderr.write(`level=ERROR message="stream error" session.id=${session.id} small=false `)
      process.stderr.write(`error.error="AI_APICallError: ${argument}"\n`)
      await delay(2 ** 30, null, { signal })
      return {}
    case "bytes":
      process.stdout.write(
        Buffer.concat([
          Buffer.from(
            `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"${session.id}","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"a`,
          ),
          Buffer.from([0xff, 0xc3]),
          Buffer.from(`z"}}}}\n`),
        ]),
      )
      return {}
    case "garbage":
      process.stdout.write("Update available! Run npm install.\n{not json\n[]\n\n")
      update(session, { sessionUpdate: "of_the_future", anything: [1] })
      update(session, { sessionUpdate: "tool_call", title: "without an id" })
      send({ method: "of/the/future", params: {} })
      await ask("fs/read_text_file", { sessionId: session.id, path: "/etc/passwd" })
      chunk(session, "all the same")
      return {}
    default:
      return null
  }
}

mkdirSync(folder, { recursive: true })
if (fault === "notice" || fault === "question")
  process.stdout.write("A new version is available. Update now? [Y/n]\n")
if (fault === "notice-and-end") {
  process.stdout.write("A new version is available: run scripted update\n")
  process.exit(1)
}
if (fault === "old") {
  process.stderr.write("error: unknown option '--acp'\n")
  process.exit(1)
}
process.on("SIGTERM", () => process.exit(0))
createInterface({ input: process.stdin })
  .on("line", (line) => {
    // Our own client writes it.
    const message = JSON.parse(line) as Fields
    if (typeof message.method !== "string") {
      asked.get(Number(message.id))?.((message.result ?? message.error) as Fields)
      return
    }
    const params = (message.params ?? {}) as Fields
    if (message.method === "session/cancel") sessions.get(String(params.sessionId))?.abort?.abort()
    if (message.id === undefined) return
    answer(message.method, params).then(
      (result) => send({ id: message.id, result }),
      (error: unknown) => {
        const code = error instanceof RpcFailure ? error.code : -32_603
        send({ id: message.id, error: { code, message: error instanceof Error ? error.message : "failed" } })
      },
    )
  })
  .on("close", () => process.exit(0))
