/** Characters that end a command for a shell outside quotes. */
const commandEnd = /[|&;<>()]/

/**
 * The executable that a `cli` value means. People paste whole command lines, e.g. `codex resume --last || codex`: only
 * the first word counts, for the arguments are ours to choose. Quotes or a backslash keep spaces: `"/opt/my tools/codex"`.
 * Throws `SyntaxError` with a sentence for people when there is no such word.
 */
export function executableOf(value: string): string {
  const word = wordsOf(value, 1)[0] ?? ""
  if (word === "") throw new SyntaxError("it names no program; write for example codex, or an absolute path")
  if (/^[A-Za-z_]\w*=/.test(word)) {
    throw new SyntaxError(`it begins with the assignment ${word}; write only the program, for example codex`)
  }
  if (word.startsWith("-"))
    throw new SyntaxError(`it begins with the option ${word}; write the program first`)
  return word
}

/** The words behind the executable, as a shell would part them: for backends whose arguments are the user's. */
export function argumentsOf(value: string): readonly string[] {
  return wordsOf(value, Number.POSITIVE_INFINITY).slice(1)
}

/** At most so many words of the first command. Throws `SyntaxError` for an open quote in them. */
function wordsOf(value: string, limit: number): string[] {
  const words: string[] = []
  let word: string | null = null
  let quote: string | null = null
  for (let index = 0; index < value.length; index += 1) {
    const char = value.charAt(index)
    if (quote !== null) {
      if (char === quote) quote = null
      else word = (word ?? "") + char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ""
    } else if (char === "\\" && index + 1 < value.length) {
      index += 1
      word = (word ?? "") + value.charAt(index)
    } else if (/\s/.test(char) || commandEnd.test(char)) {
      if (word !== null) words.push(word)
      word = null
      if (words.length >= limit || commandEnd.test(char)) return words
    } else {
      word = (word ?? "") + char
    }
  }
  if (quote !== null) throw new SyntaxError(`the quote ${quote} is not closed in ${JSON.stringify(value)}`)
  return word === null ? words : [...words, word]
}
