import { demoCli } from "../domain/agent-clis.ts"

/** What people type behind these programs, and the service does by itself anyway. */
const ownWords: Readonly<Record<string, readonly string[]>> = {
  codex: [
    "exec",
    "resume",
    "--last",
    "--json",
    "--skip-git-repo-check",
    "--dangerously-bypass-approvals-and-sandbox",
    "--yolo",
  ],
  claude: ["-p", "--print", "-c", "--continue", "--dangerously-skip-permissions"],
}

const instead: Readonly<Record<string, string>> = {
  codex: "set it in codex's own config.toml; the model by `model`",
  claude: "set it in claude's own settings; the model by `model`",
  [demoCli]: "the demo agent has no options",
}

/**
 * Why an argument behind the program cannot be passed on, for people; null: all are, or ask for
 * what is done anyway. `kind`: of the backend, see `kindOfProgram`.
 */
export function refusedArgument(kind: string, args: readonly string[]): string | null {
  const own = ownWords[kind] ?? (kind === demoCli ? [] : null)
  // The arguments of the others are the user's.
  if (own === null) return null
  const refused = args.find((word) => !own.includes(word))
  if (refused === undefined) return null
  return `'${refused.slice(0, 100)}' is not passed on: the service starts it with arguments of its own; ${instead[kind]}`
}
