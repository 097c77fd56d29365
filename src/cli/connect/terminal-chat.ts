import { explain } from "../../domain/backend.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { programOf, stateOf } from "../agent-view.ts"
import { hasColors } from "../command-io.ts"
import type { Chat } from "./chat.ts"
import { editMessage } from "./edit-message.ts"
import { MarkdownStream } from "./markdown-stream.ts"
import { readHistory, writeHistory } from "./message-history.ts"
import { MessageInput } from "./message-input.ts"
import { printable } from "./printable.ts"
import { TurnPrinter } from "./turn-printer.ts"
import { WaitingSign } from "./waiting-sign.ts"

const help = `/new       begin a new conversation; the memory stays
/edit      write the message in your editor ($VISUAL, $EDITOR)
/status    how the agent is
/help      this
/exit      leave (also exit, Ctrl-D)
Alt-Enter  a new line in the message; lines that are pasted are one message
Ctrl-C     interrupt the turn; at the empty prompt a second one leaves`

/** How long a second Ctrl-C counts as one after the first. */
const leaveMs = 3000

/** A talk at a terminal, until the person leaves; what is typed is kept in the home. Resolves with the exit code. */
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
      const text = (await this.#input.lend(() => editMessage("", process.env))).trim()
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

  /** Ctrl-C: interrupts what runs, or takes back what is typed; at the empty prompt, for the second time, it leaves. */
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
