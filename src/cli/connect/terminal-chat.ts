import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { explain } from "../../domain/agents.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { programOf, stateOf } from "../context/agent-view.ts"
import { hasColors, printable } from "../io/print.ts"
import type { Chat } from "./chat.ts"
import { MarkdownStream } from "./markdown-stream.ts"
import { MessageInput } from "./message-input.ts"
import { TurnPrinter } from "./turn-printer.ts"

const help = `/new       begin a new conversation; the memory stays
/edit      write the message in your editor ($VISUAL, $EDITOR)
/status    how the agent is
/help      this
/exit      leave (also exit, Ctrl-D)
Alt-Enter  a new line in the message; lines that are pasted are one message
Ctrl-C     interrupt the turn; at the empty prompt a second one leaves`

/** How long a second Ctrl-C counts as one after the first. */
const leaveMs = 3000

/** A talk at a terminal; what is typed is kept in the home. Resolves with the exit code. */
export async function talkAtTerminal(chat: Chat, home: string): Promise<number> {
  const session = new TerminalSession(chat, home)
  try {
    return await session.run()
  } finally {
    session.close()
  }
}

class TerminalSession {
  readonly #chat: Chat
  readonly #input: MessageInput
  readonly #isColored = hasColors(process.stdout)
  #message: string | null = null
  #wake: (() => void) | null = null
  #isClosed = false
  #turn: AbortController | null = null
  #interruptedAt = Number.NEGATIVE_INFINITY
  #exitCode = 0

  constructor(chat: Chat, home: string) {
    this.#chat = chat
    this.#input = new MessageInput({
      input: process.stdin,
      output: process.stdout,
      prompt: this.#isColored ? `\x1b[1m${chat.agentId}>\x1b[0m ` : `${chat.agentId}> `,
      history: readHistory(home),
      onMessage: (text) => {
        // A Ctrl-C from here on is the first one again.
        this.#interruptedAt = Number.NEGATIVE_INFINITY
        this.#message = text
        this.#wake?.()
      },
      onInterrupt: () => this.#interrupted(),
      onHistory: (lines) => writeHistory(home, lines),
      onClose: () => {
        this.#isClosed = true
        this.#turn?.abort()
        this.#wake?.()
      },
    })
  }

  async run(): Promise<number> {
    this.#say(`Talking to ${this.#chat.agentId}. /help for help, Ctrl-D to leave.`)
    while (!this.#isClosed) {
      const text = await this.#next()
      if (text === null || /^\/?(?:exit|quit)$/.test(text)) break
      await this.#take(text)
    }
    return this.#exitCode
  }

  /** Safe twice. */
  close(): void {
    this.#input.close()
  }

  async #next(): Promise<string | null> {
    this.#message = null
    this.#input.prompt()
    while (this.#message === null) {
      if (this.#isClosed) return null
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = null
    }
    return (this.#message as string).trim()
  }

  async #take(text: string): Promise<void> {
    if (text === "") return
    if (text === "/help") return this.#say(help)
    if (text === "/new") {
      this.#chat.beginAnew()
      return this.#say("A new conversation. What was said before can be looked up, but is not known here.")
    }
    if (text === "/status") return this.#showStatus()
    if (text === "/edit") return this.#edit()
    if (/^\/[a-z]+$/.test(text)) return this.#say(`There is no command ${text}. /help lists them.`)
    await this.#runTurn(text)
  }

  async #edit(): Promise<void> {
    try {
      const text = (await this.#input.lend(() => editMessage(process.env))).trim()
      if (text === "") return this.#say("Nothing was written, nothing is sent.")
      this.#say(text)
      await this.#runTurn(text)
    } catch (error) {
      this.#say(messageOf(error))
    }
  }

  async #showStatus(): Promise<void> {
    try {
      const agent = await this.#chat.status()
      if (agent === null) return this.#say(`${this.#chat.agentId} is gone.`)
      const { runningTurns, queuedTurns, readiness } = agent
      this.#say(
        `${agent.id}: ${stateOf(agent)}, ${programOf(agent)}, ${runningTurns} running, ${queuedTurns} queued`,
      )
      if (!readiness.isReady) this.#say(explain(readiness))
    } catch (error) {
      this.#say(messageOf(error))
    }
  }

  async #runTurn(text: string): Promise<void> {
    const turn = new AbortController()
    this.#turn = turn
    const sign = new WaitingSign({
      who: this.#chat.agentId,
      isDrawn: this.#isColored,
      write: (part) => process.stdout.write(part),
    })
    const markdown = this.#isColored ? new MarkdownStream() : null
    const write = (part: string): void => {
      if (part === "") return
      sign.clear()
      process.stdout.write(part)
    }
    const endAnswer = (): void => write(markdown?.end() ?? "")
    const say = (line: string): void => {
      endAnswer()
      sign.clear()
      this.#say(line)
    }
    const printer = new TurnPrinter({
      answer: (part) => write(markdown === null ? printable(part) : markdown.push(printable(part))),
      aside: say,
      preview: (lines) => {
        sign.clear()
        for (const line of lines) this.#preview(line)
      },
    })
    sign.show()
    try {
      const { status, error } = await this.#chat.say(
        text,
        (event) => {
          printer.show(event)
          if (event.type !== "text" || !event.isFinal) sign.show()
          if (event.type === "text.end") endAnswer()
        },
        turn.signal,
      )
      printer.finish()
      if (error != null) say(`The turn failed: ${error.message}`)
      else if (status !== "completed") say(`The turn ended as ${status}.`)
    } catch (error) {
      printer.finish()
      say(error instanceof ProxyError && error.code === "interrupted" ? "Interrupted." : messageOf(error))
    } finally {
      endAnswer()
      sign.clear()
      this.#turn = null
    }
  }

  /** A line of an output or of a diff. */
  #preview(line: string): void {
    const shown = printable(line)
    const color = { "+": 32, "-": 31 }[line.charAt(0)]
    if (!this.#isColored) process.stdout.write(`  ${shown}\n`)
    else process.stdout.write(`  ${color === undefined ? "\x1b[2m" : `\x1b[${color}m`}${shown}\x1b[0m\n`)
  }

  /** Ctrl-C: interrupts, or takes back what is typed; twice at the empty prompt, it leaves. */
  #interrupted(): void {
    const now = performance.now()
    const isSecond = now - this.#interruptedAt < leaveMs
    this.#interruptedAt = now
    if (this.#turn !== null && !isSecond) {
      this.#input.forget()
      this.#turn.abort()
      return
    }
    if (this.#turn === null && !this.#input.isEmpty) {
      this.#interruptedAt = Number.NEGATIVE_INFINITY
      this.#input.forget()
      return
    }
    if (!isSecond && this.#turn === null) {
      process.stdout.write("\n")
      this.#say("Ctrl-C again leaves.")
      this.#input.prompt()
      return
    }
    this.#exitCode = 130
    process.stdout.write("\n")
    this.#input.close()
  }

  #say(text: string): void {
    const shown = printable(text)
    process.stdout.write(this.#isColored ? `\x1b[2m${shown}\x1b[0m\n` : `${shown}\n`)
  }
}

/** What the person writes in their editor. Rejects with `ProxyError` where the editor fails. */
async function editMessage(env: NodeJS.ProcessEnv): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "ai-agent-proxy-message-"))
  const file = join(folder, "message.md")
  const editor = env.VISUAL || env.EDITOR || "vi"
  try {
    writeFileSync(file, "", { mode: 0o600 })
    // With its arguments, as a shell parts them.
    const child = spawn("sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit", env })
    const [code] = (await once(child, "exit")) as [number | null]
    if (code === 0) return readFileSync(file, "utf8").trimEnd()
    throw new ProxyError(
      "invalid_request",
      `The editor (${editor}) ended with ${code ?? "a signal"}; nothing was sent.`,
    )
  } catch (error) {
    if (error instanceof ProxyError) throw error
    throw new ProxyError("invalid_request", `The editor (${editor}) cannot be used: ${messageOf(error)}.`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Of the home: only its owner reads it. */
const fileName = "connect-history"
const maxLines = 500
/** A pasted file is no message to be typed again. */
const maxLength = 10_000

/** What was typed in earlier talks, the newest first. */
function readHistory(home: string): readonly string[] {
  try {
    const lines = readFileSync(join(home, fileName), "utf8").split("\n")
    return lines.filter((line) => line !== "").slice(0, maxLines)
  } catch {
    // None yet, or not to be read: a talk goes without.
    return []
  }
}

function writeHistory(home: string, lines: readonly string[]): void {
  const isKept = (line: string): boolean =>
    line.length <= maxLength && !line.includes("\n") && !/^\/?(?:exit|quit)$/.test(line)
  const kept = lines.filter(isKept).slice(0, maxLines)
  try {
    writeFileSync(join(home, fileName), `${kept.join("\n")}\n`, { mode: 0o600 })
  } catch {
    // A full or read-only disk: the talk matters, not what was typed in it.
  }
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
const everyMs = 150
/** Where nothing can be drawn over. */
const plainEveryMs = 30_000

interface WaitingSignOptions {
  readonly who: string
  readonly isDrawn: boolean
  readonly write: (text: string) => void
}

/**
 * Says that a turn is under way as long as nothing else is shown: a line that is drawn over, or,
 * where the terminal shall not move, a whole line every half minute.
 */
class WaitingSign {
  readonly #options: WaitingSignOptions
  #timer: NodeJS.Timeout | null = null
  #since = 0
  #frame = 0
  #isShown = false

  constructor(options: WaitingSignOptions) {
    this.#options = options
  }

  /** From now on, until `clear`. Time is told from the first of them. */
  show(): void {
    if (this.#timer !== null) return
    if (this.#since === 0) this.#since = performance.now()
    const { isDrawn } = this.#options
    this.#timer = setInterval(() => this.#draw(), isDrawn ? everyMs : plainEveryMs)
    if (isDrawn) this.#draw()
  }

  /** Before anything else is written. Safe twice. */
  clear(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    if (this.#isShown) this.#options.write("\r\x1b[2K")
    this.#isShown = false
  }

  #draw(): void {
    const seconds = Math.round((performance.now() - this.#since) / 1000)
    const { who, isDrawn, write } = this.#options
    const words = `${who} works, ${seconds} s (Ctrl-C interrupts)`
    if (!isDrawn) {
      write(`${words}\n`)
      return
    }
    this.#frame += 1
    this.#isShown = true
    write(`\r\x1b[2K\x1b[2m${frames[this.#frame % frames.length]} ${words}\x1b[0m`)
  }
}
