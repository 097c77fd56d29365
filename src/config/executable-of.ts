/** Characters that end a word of a shell outside quotes. */
const wordEnd = /[\s|&;<>()]/

/**
 * The executable that a `cli` value means. People paste whole command lines, e.g. `codex resume --last || codex`: only
 * the first word counts, for the arguments are ours to choose. Quotes or a backslash keep spaces: `"/opt/my tools/codex"`.
 * Throws `SyntaxError` with a sentence for people when there is no such word.
 */
export function executableOf(value: string): string {
  const text = value.trim()
  let word = ""
  let quote: string | null = null
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index)
    if (quote !== null) {
      if (char === quote) quote = null
      else word += char
    } else if (char === '"' || char === "'") {
      quote = char
    } else if (char === "\\" && index + 1 < text.length) {
      index += 1
      word += text.charAt(index)
    } else if (wordEnd.test(char)) {
      break
    } else {
      word += char
    }
  }
  if (quote !== null) throw new SyntaxError(`the quote ${quote} is not closed in ${JSON.stringify(value)}`)
  if (word === "") throw new SyntaxError("it names no program; write for example codex, or an absolute path")
  if (/^[A-Za-z_]\w*=/.test(word)) {
    throw new SyntaxError(`it begins with the assignment ${word}; write only the program, for example codex`)
  }
  if (word.startsWith("-"))
    throw new SyntaxError(`it begins with the option ${word}; write the program first`)
  return word
}
