const styles = {
  bold: ["\x1b[1m", "\x1b[22m"],
  code: ["\x1b[36m", "\x1b[39m"],
  quote: ["\x1b[2m", "\x1b[22m"],
} as const

/** How much of a line has to be there to tell what it is. */
const blockLength = 8

/** Of two stars and what follows them, which tells what they are. */
const boldLength = 3

/** Not stars of a path (`src/**`, `**\/*.ts`) or of an expression (`2**3`), and no escaped ones. */
function beginsBold(before: string, after: string): boolean {
  return /^[^\s./\\]$/.test(after) && !/[/\\]/.test(before) && !(isAsciiWord(before) && isAsciiWord(after))
}

/** Within bold words as well there are paths. */
function endsBold(before: string, after: string): boolean {
  return !/^\s?$/.test(before) && before !== "\\" && after !== "/"
}

function isAsciiWord(sign: string): boolean {
  return /^\w$/.test(sign)
}

/**
 * Markdown for a terminal, as it streams: headings, lists, quotes, code and bold words get the
 * terminal's own styles, everything else passes as it is. Nothing is held back longer than a few
 * characters, but for the lines that fence code.
 */
export class MarkdownStream {
  #held = ""
  #isLineBegin = true
  /** What has begun the fence that is open. */
  #fence: string | null = null
  /** The last character of the line that was shown as text. */
  #before = ""
  #isBold = false
  #isCode = false
  /** Of a heading or a quote: until the end of the line. */
  #lineEnd = ""

  push(text: string): string {
    this.#held += text
    return this.#take(false)
  }

  /** What is left; styles that are open are ended. */
  end(): string {
    const rest = this.#take(true)
    const closed = rest + this.#closeLine()
    this.#isLineBegin = true
    this.#fence = null
    return closed
  }

  #take(isEnd: boolean): string {
    let shown = ""
    while (this.#held !== "") {
      const piece = this.#isLineBegin ? this.#beginLine(isEnd) : this.#inline(isEnd)
      if (piece === null) return shown
      shown += piece
    }
    return shown
  }

  /** Null: more of the line is needed. */
  #beginLine(isEnd: boolean): string | null {
    const newline = this.#held.indexOf("\n")
    const line = newline === -1 ? this.#held : this.#held.slice(0, newline)
    const isWhole = newline !== -1 || isEnd
    if (/^ {0,3}(?:```|~~~)/.test(line)) {
      if (!isWhole) return null
      const fence = this.#fenceAfter(line)
      if (fence !== this.#fence) {
        this.#fence = fence
        this.#held = this.#held.slice(newline === -1 ? line.length : newline + 1)
        return ""
      }
    }
    if (!isWhole && line.length < blockLength) return null
    this.#isLineBegin = false
    this.#before = ""
    if (this.#fence !== null) {
      const [on, off] = styles.code
      this.#lineEnd = off
      return `  ${on}`
    }
    const heading = /^#{1,6} +/.exec(line)
    if (heading !== null) return this.#block(heading[0].length, styles.bold, "")
    const quote = /^> ?/.exec(line)
    if (quote !== null) return this.#block(quote[0].length, styles.quote, "│ ")
    const item = /^( *)[*+-] /.exec(line)
    if (item === null) return ""
    this.#held = this.#held.slice(item[0].length)
    return `${item[1]}• `
  }

  /** The fence that is open behind a line. The same sign, as often and alone, closes it. */
  #fenceAfter(line: string): string | null {
    const [, signs = "", info = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? []
    if (this.#fence === null) return signs.startsWith("`") && info.includes("`") ? null : signs
    const isClosing = signs.startsWith(this.#fence) && info.trim() === ""
    return isClosing ? null : this.#fence
  }

  #block(length: number, [on, off]: readonly [string, string], mark: string): string {
    this.#held = this.#held.slice(length)
    this.#lineEnd = off
    return mark + on
  }

  #inline(isEnd: boolean): string | null {
    const end = /[\n`*]/.exec(this.#held)?.index ?? this.#held.length
    if (end > 0) {
      return this.#literal(end)
    }
    const sign = this.#held.charAt(0)
    if (sign === "\n") {
      this.#held = this.#held.slice(1)
      const closed = this.#closeLine()
      this.#isLineBegin = true
      return `${closed}\n`
    }
    if (this.#fence !== null) return this.#literal(1)
    if (sign === "`") {
      this.#held = this.#held.slice(1)
      this.#before = sign
      this.#isCode = !this.#isCode
      return styles.code[this.#isCode ? 0 : 1]
    }
    if (this.#isCode) return this.#literal(1)
    if (this.#held.length < boldLength && !isEnd) return null
    if (!this.#held.startsWith("**")) return this.#literal(1)
    const after = this.#held.charAt(2)
    if (!(this.#isBold ? endsBold(this.#before, after) : beginsBold(this.#before, after)))
      return this.#literal(2)
    this.#held = this.#held.slice(2)
    this.#isBold = !this.#isBold
    return styles.bold[this.#isBold ? 0 : 1]
  }

  #literal(length: number): string {
    const text = this.#held.slice(0, length)
    this.#held = this.#held.slice(length)
    this.#before = text.slice(-1)
    return text
  }

  #closeLine(): string {
    const open = [this.#isCode ? styles.code[1] : "", this.#isBold ? styles.bold[1] : "", this.#lineEnd].join(
      "",
    )
    this.#isCode = false
    this.#isBold = false
    this.#lineEnd = ""
    return open
  }
}
