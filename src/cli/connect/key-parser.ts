/** What somebody at a terminal has typed or pasted. */
export type Typed =
  /** Keys of the line editor, escape sequences included. */
  | { readonly type: "keys"; readonly text: string }
  /** A text with all its lines, as it was pasted. */
  | { readonly type: "paste"; readonly text: string }
  /** A new line within the message. */
  | { readonly type: "newline" }
  /** The message is to be sent. */
  | { readonly type: "enter" }
  /** Ctrl-C */
  | { readonly type: "interrupt" }

const pasteBegin = "\x1b[200~"
const pasteEnd = "\x1b[201~"
/** Alt-Enter, a paste, Enter, Ctrl-C. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are what is looked for.
const special = /\x1b\r|\x1b\n|\x1b\[200~|\r\n|\r|\n|\x03/

/**
 * Reads what a terminal sends. A terminal that marks what is pasted (bracketed paste) is believed;
 * of one that does not, lines that come in one piece are taken for pasted: nobody types as fast.
 */
export class KeyParser {
  #pasted: string | null = null
  #rest = ""

  feed(chunk: string): readonly Typed[] {
    const typed: Typed[] = []
    let text = this.#rest + chunk
    this.#rest = ""
    while (text !== "") {
      if (this.#pasted !== null) {
        const end = text.indexOf(pasteEnd)
        if (end === -1) {
          // The end may come in two pieces.
          const kept = keptOf(text, pasteEnd)
          this.#pasted += text.slice(0, text.length - kept)
          this.#rest = text.slice(text.length - kept)
          break
        }
        typed.push({ type: "paste", text: withPlainLines(this.#pasted + text.slice(0, end)) })
        this.#pasted = null
        text = text.slice(end + pasteEnd.length)
        continue
      }
      const found = special.exec(text)
      const before = text.slice(0, found?.index ?? text.length)
      if (found === null) {
        const kept = keptOf(before, pasteBegin)
        // An escape alone is a key.
        this.#rest = kept > 1 ? before.slice(before.length - kept) : ""
        const keys = before.slice(0, before.length - this.#rest.length)
        if (keys !== "") typed.push({ type: "keys", text: keys })
        break
      }
      if (before !== "") typed.push({ type: "keys", text: before })
      text = text.slice(found.index + found[0].length)
      typed.push(...this.#meaningOf(found[0], text))
    }
    return typed
  }

  #meaningOf(sequence: string, rest: string): readonly Typed[] {
    if (sequence === "\x03") return [{ type: "interrupt" }]
    if (sequence === pasteBegin) {
      this.#pasted = ""
      return []
    }
    const isWithin = sequence.startsWith("\x1b") || (rest !== "" && !rest.startsWith("\x03"))
    return [{ type: isWithin ? "newline" : "enter" }]
  }
}

/** How many characters at the end of the text may begin the sequence. */
function keptOf(text: string, sequence: string): number {
  for (let length = Math.min(sequence.length - 1, text.length); length > 0; length -= 1) {
    if (sequence.startsWith(text.slice(text.length - length))) return length
  }
  return 0
}

function withPlainLines(text: string): string {
  return text.replaceAll(/\r\n?/g, "\n")
}
