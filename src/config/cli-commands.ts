import { isAbsolute, resolve } from "node:path"

/** One command of a `cli` value. */
export interface CliCommand {
  /** A bare name, looked up in PATH, or a path. */
  readonly program: string
  /** What stands behind it; not every program takes it, see `backends/create-backend.ts`. */
  readonly args: readonly string[]
}

/** Of a shell, beside `||`: what they would do cannot be done here. */
const otherOperators = /^[|&;<>()]/

/**
 * The commands of a `cli` value, the preferred first: people paste what they type, e.g. `codex
 * resume --last || claude`, and as in a shell the second one is for where the first is not to be
 * had. Quotes or a backslash keep spaces: `"/opt/my tools/codex"`. Throws `SyntaxError` with a
 * sentence for people.
 */
export function cliCommandsOf(value: string): readonly [CliCommand, ...CliCommand[]] {
  const [first, ...others] = partsOf(value).map(commandOf)
  if (first === undefined) throw new SyntaxError("it names no program")
  return [first, ...others]
}

function commandOf([program = "", ...args]: readonly string[]): CliCommand {
  if (program === "")
    throw new SyntaxError("it names no program; write for example codex, or an absolute path")
  if (/^[A-Za-z_]\w*=/.test(program)) {
    throw new SyntaxError(
      `it begins with the assignment ${program}; write only the program, for example codex`,
    )
  }
  if (program.startsWith("-"))
    throw new SyntaxError(`it begins with the option ${program}; write the program first`)
  return { program, args }
}

/** The words of each command. */
function partsOf(value: string): readonly (readonly string[])[] {
  let words: string[] = []
  const parts = [words]
  let word: string | null = null
  let quote: string | null = null
  const endWord = (): void => {
    if (word !== null) words.push(word)
    word = null
  }
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
    } else if (/\s/.test(char)) {
      endWord()
    } else if (value.startsWith("||", index)) {
      endWord()
      index += 1
      words = []
      parts.push(words)
    } else if (otherOperators.test(char)) {
      throw new SyntaxError(
        `it has a ${char}, and no shell runs it; only || is understood, between two programs`,
      )
    } else {
      word = (word ?? "") + char
    }
  }
  if (quote !== null) throw new SyntaxError(`the quote ${quote} is not closed in ${JSON.stringify(value)}`)
  endWord()
  return parts
}

/**
 * The commands of an agent's own `cli`, their programs bare names or absolute paths. Throws
 * `SyntaxError` with a sentence for people; a path must not depend on the folder that the agent
 * runs in.
 */
export function agentCommands(cli: string, homeDir: string): readonly CliCommand[] {
  return cliCommandsOf(cli).map(({ program, args }) => ({ program: programPath(program, homeDir), args }))
}

function programPath(program: string, homeDir: string): string {
  if (!program.includes("/")) return program
  if (program.startsWith("~/")) return resolve(homeDir, program.slice(2))
  if (isAbsolute(program)) return resolve(program)
  throw new SyntaxError(`${JSON.stringify(program)} must be a name, an absolute path, or begin with ~/`)
}
