import { createInterface, type Interface } from "node:readline"
import { Readable } from "node:stream"
import { KeyParser, type Typed } from "./key-parser.ts"

/** How the end of a line shows in the line that is edited. */
const lineEnd = "⏎"
/** What comes so soon behind an Enter was pasted with it. */
const pasteMs = 40
const marksPastes = { on: "\x1b[?2004h", off: "\x1b[?2004l" }

interface MessageInputOptions {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly prompt: string
  /** The newest first. */
  readonly history: readonly string[]
  readonly onMessage: (text: string) => void
  /** Ctrl-C, at once. */
  readonly onInterrupt: () => void
  readonly onHistory: (history: readonly string[]) => void
  /** Ctrl-D, or the terminal is gone. */
  readonly onClose: () => void
}

/**
 * Where messages are typed: one line at a prompt, which may stand for several. While it is held
 * nothing that is typed is shown, and nothing is lost: it is there with the next prompt.
 */
export class MessageInput {
  readonly #options: MessageInputOptions
  readonly #parser = new KeyParser()
  readonly #keys: Keys
  readonly #lines: Interface
  readonly #read: (chunk: string) => void
  readonly #ended: () => void
  #waiting: Typed[] = []
  #isHeld = true
  #isClosed = false
  #enter: NodeJS.Timeout | null = null

  constructor(options: MessageInputOptions) {
    this.#options = options
    const { input, output, prompt, history } = options
    this.#keys = new Keys(input)
    this.#lines = createInterface({
      input: this.#keys,
      output,
      terminal: true,
      prompt,
      history: [...history],
      historySize: 500,
      removeHistoryDuplicates: true,
    })
    this.#lines.on("line", (line) => {
      this.#isHeld = true
      this.#options.onMessage(line.replaceAll(lineEnd, "\n"))
    })
    this.#lines.on("history", (lines: readonly string[]) => options.onHistory(lines))
    this.#lines.on("close", () => this.close())
    this.#read = (chunk) => this.#typed(this.#parser.feed(chunk))
    this.#ended = () => this.close()
    input.setEncoding("utf8")
    input.on("data", this.#read)
    input.on("end", this.#ended)
    output.write(marksPastes.on)
  }

  get isEmpty(): boolean {
    return this.#lines.line === ""
  }

  /** Shows the prompt, with what was typed since it was held. */
  prompt(): void {
    if (this.#isClosed) return
    this.#isHeld = false
    this.#lines.prompt()
    this.#drain()
  }

  /** What is typed and not sent is not wanted. */
  forget(): void {
    this.#waiting = []
    if (!this.#isHeld) this.#clear()
  }

  /** The terminal is somebody else's until the work is done. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    const { input, output } = this.#options
    input.off("data", this.#read)
    input.pause()
    this.#keys.setRawMode(false)
    output.write(marksPastes.off)
    try {
      return await work()
    } finally {
      output.write(marksPastes.on)
      this.#keys.setRawMode(true)
      input.on("data", this.#read)
      input.resume()
    }
  }

  /** Safe twice. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#enter !== null) clearTimeout(this.#enter)
    const { input, output, onClose } = this.#options
    input.off("data", this.#read)
    input.off("end", this.#ended)
    this.#lines.close()
    this.#keys.setRawMode(false)
    output.write(marksPastes.off)
    input.pause()
    onClose()
  }

  #typed(typed: readonly Typed[]): void {
    for (const one of typed) {
      if (this.#enter !== null) {
        clearTimeout(this.#enter)
        this.#enter = null
        this.#waiting.push({ type: one.type === "interrupt" ? "enter" : "newline" })
      }
      if (one.type === "interrupt") this.#options.onInterrupt()
      else if (one.type !== "enter") this.#waiting.push(one)
      else {
        this.#enter = setTimeout(() => {
          this.#enter = null
          this.#waiting.push(one)
          this.#drain()
        }, pasteMs)
      }
    }
    this.#drain()
  }

  #drain(): void {
    while (!this.#isHeld && !this.#isClosed) {
      const one = this.#waiting.shift()
      if (one === undefined) return
      this.#take(one)
    }
  }

  #take(typed: Typed): void {
    switch (typed.type) {
      case "keys":
        this.#keys.emit("data", typed.text)
        return
      case "paste":
        // No control character of a paste is a key.
        this.#lines.write(
          typed.text
            .replaceAll("\t", "    ")
            .replaceAll("\n", lineEnd)
            .replaceAll(/\p{Cc}/gu, ""),
        )
        return
      case "newline":
        this.#lines.write(lineEnd)
        return
      case "enter":
        this.#lines.write(null, { name: "return" })
        return
      case "interrupt":
        return
      default:
        typed satisfies never
    }
  }

  #clear(): void {
    this.#lines.write(null, { ctrl: true, name: "e" })
    this.#lines.write(null, { ctrl: true, name: "u" })
  }
}

/** What readline takes for the terminal: it gets the keys that are its own. */
class Keys extends Readable {
  readonly #input: NodeJS.ReadStream

  constructor(input: NodeJS.ReadStream) {
    super()
    this.#input = input
  }

  override _read(): void {
    // They are emitted as they come.
  }

  setRawMode(isRaw: boolean): void {
    if (this.#input.isTTY && !this.#input.destroyed) this.#input.setRawMode(isRaw)
  }
}
