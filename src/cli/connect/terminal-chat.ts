import { createInterface, type Interface } from "node:readline"
import { explain } from "../../domain/backend.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { programOf, stateOf } from "../agent-view.ts"
import { hasColors } from "../command-io.ts"
import type { Chat } from "./chat.ts"
import { printable } from "./printable.ts"
import { TurnPrinter } from "./turn-printer.ts"

const help = `/new      begin a new conversation; the memory stays
/status   how the agent is
/help     this
/exit     leave (also Ctrl-D)
Ctrl-C    interrupt the turn; a second one leaves`

/** How long a second Ctrl-C counts as one after the first. */
const leaveMs = 3000

/** A talk at a terminal, until the person leaves. Resolves with the exit code. */
export async function talkAtTerminal(chat: Chat): Promise<number> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: true,
    historySize: 200,
  })
  const session = new TerminalSession(chat, lines)
  try {
    return await session.run()
  } finally {
    lines.close()
  }
}

class TerminalSession {
  readonly #chat: Chat
  readonly #lines: Interface
  readonly #prompt: string
  readonly #dim: (text: string) => string
  readonly #waiting: string[] = []
  #wake: (() => void) | null = null
  #isClosed = false
  #turn: AbortController | null = null
  #interruptedAt = Number.NEGATIVE_INFINITY
  #exitCode = 0

  constructor(chat: Chat, lines: Interface) {
    this.#chat = chat
    this.#lines = lines
    const colored = hasColors(process.stdout)
    this.#prompt = colored ? `\x1b[1m${chat.agentId}>\x1b[0m ` : `${chat.agentId}> `
    this.#dim = (text) => (colored ? `\x1b[2m${text}\x1b[0m` : text)
  }

  async run(): Promise<number> {
    this.#lines.on("line", (line) => {
      // A Ctrl-C from here on is the first one again.
      this.#interruptedAt = Number.NEGATIVE_INFINITY
      this.#waiting.push(line)
      this.#wake?.()
    })
    this.#lines.on("close", () => {
      this.#isClosed = true
      this.#turn?.abort()
      this.#wake?.()
    })
    this.#lines.on("SIGINT", () => this.#interrupted())
    this.#say(`Talking to ${this.#chat.agentId}. /help for help, Ctrl-D to leave.`)
    this.#lines.setPrompt(this.#prompt)
    while (!this.#isClosed) {
      const line = await this.#next()
      if (line === null || line === "/exit") break
      await this.#take(line)
    }
    return this.#exitCode
  }

  async #next(): Promise<string | null> {
    if (this.#waiting.length === 0 && !this.#isClosed) this.#lines.prompt()
    while (this.#waiting.length === 0) {
      if (this.#isClosed) return null
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = null
    }
    return (this.#waiting.shift() ?? "").trim()
  }

  async #take(line: string): Promise<void> {
    if (line === "") return
    if (line === "/help") return this.#say(help)
    if (line === "/new") {
      this.#chat.beginAnew()
      return this.#say("A new conversation. What was said before can be looked up, but is not known here.")
    }
    if (line === "/status") return this.#showStatus()
    if (/^\/[a-z]+$/.test(line)) return this.#say(`There is no command ${line}. /help lists them.`)
    await this.#runTurn(line)
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
    const printer = new TurnPrinter({
      answer: (part) => process.stdout.write(printable(part)),
      aside: (line) => this.#say(line),
    })
    try {
      const { status, error } = await this.#chat.say(text, (event) => printer.show(event), turn.signal)
      printer.finish()
      if (error != null) this.#say(`The turn failed: ${error.message}`)
      else if (status !== "completed") this.#say(`The turn ended as ${status}.`)
    } catch (error) {
      printer.finish()
      this.#say(
        error instanceof ProxyError && error.code === "interrupted" ? "Interrupted." : messageOf(error),
      )
    } finally {
      this.#turn = null
    }
  }

  /** Ctrl-C: interrupts what runs; where nothing does, or for the second time, it leaves. */
  #interrupted(): void {
    const now = performance.now()
    const isSecond = now - this.#interruptedAt < leaveMs
    this.#interruptedAt = now
    if (this.#turn !== null && !isSecond) {
      this.#turn.abort()
      return
    }
    if (!isSecond && this.#turn === null) {
      process.stdout.write("\n")
      this.#say("Ctrl-C again leaves.")
      this.#lines.prompt()
      return
    }
    this.#exitCode = 130
    process.stdout.write("\n")
    this.#lines.close()
  }

  #say(text: string): void {
    process.stdout.write(`${this.#dim(printable(text))}\n`)
  }
}
