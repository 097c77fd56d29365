import { Argument, type Command } from "commander"
import { openAgents } from "../context/agents.ts"
import { OwnCommand } from "../context/flags.ts"
import { homeOf } from "../context/home.ts"
import { print } from "../io/print.ts"

const shells = ["bash", "zsh", "fish"] as const
type Shell = (typeof shells)[number]

export function completionCommand(): OwnCommand {
  const command = new OwnCommand("completion")
    .description("Print a script that completes commands, options and agents in your shell.")
    .addArgument(new Argument("<shell>", "bash, zsh or fish").choices([...shells, "agents"]))
    .withHelp(`
Examples:
  source <(ai-agent-proxy completion bash)                      # in ~/.bashrc
  source <(ai-agent-proxy completion zsh)                       # in ~/.zshrc, after compinit
  ai-agent-proxy completion fish > ~/.config/fish/completions/ai-agent-proxy.fish`)
  return command.action(async (shell: Shell | "agents") => {
    if (shell === "agents") return printAgents()
    const words = (command.parent?.commands ?? []).map(wordsOf)
    print(scripts[shell](words))
  })
}

/** What the scripts ask for: ids and bare names, one a line. */
async function printAgents(): Promise<void> {
  const agents = await (await openAgents(await homeOf({}))).list()
  const names = new Set(agents.flatMap(({ id, name }) => [id, name]))
  for (const name of names) print(name)
}

type CommandWords = ReturnType<typeof wordsOf>

/** Of one command: its options, and what its first two arguments are. */
function wordsOf(command: Command) {
  const [first, second] = command.registeredArguments
  return {
    name: command.name(),
    description: command.description(),
    options: command.options.flatMap(({ long, hidden }) => (hidden || long === undefined ? [] : [long])),
    takesAgent: first?.name() === "agent",
    // The scripts themselves ask for the agents.
    choices: (first?.argChoices ?? []).filter((choice) => choice !== "agents"),
    takesFolder: second?.name() === "working_dir",
  }
}

const scripts: Readonly<Record<Shell, (words: readonly CommandWords[]) => string>> = {
  bash: (words) => `_ai_agent_proxy() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${words.map(({ name }) => name).join(" ")} --help --version"
  else
    case "$command" in
${words.map(bashCase).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _ai_agent_proxy ai-agent-proxy`,
  zsh: (words) => `_ai_agent_proxy() {
  local -a commands
  commands=(
${words.map(({ name, description }) => `    ${quoted(`${name}:${description}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "\${words[2]}" in
${words.map(zshCase).join("\n")}
  esac
}
compdef _ai_agent_proxy ai-agent-proxy`,
  fish: (words) => ["complete -c ai-agent-proxy -f", ...words.flatMap(fishLines)].join("\n"),
}

const agentsCommand = "ai-agent-proxy completion agents 2>/dev/null"

function bashCase({ name, options, takesAgent, choices }: CommandWords): string {
  const agents = takesAgent ? `; [ "$COMP_CWORD" -eq 2 ] && words="$words $(${agentsCommand})"` : ""
  return `      ${name}) words="${[...choices, ...options, "--help"].join(" ")}"${agents} ;;`
}

function zshCase({ name, options, takesAgent, choices }: CommandWords): string {
  const agents = takesAgent ? `; (( CURRENT == 3 )) && compadd -- $(${agentsCommand})` : ""
  return `    ${name}) compadd -- ${[...choices, ...options, "--help"].join(" ")}${agents}; _files ;;`
}

function fishLines(words: CommandWords): readonly string[] {
  const { name, description, options, takesAgent, choices, takesFolder } = words
  const seen = `-n '__fish_seen_subcommand_from ${name}'`
  return [
    `complete -c ai-agent-proxy -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ...options.map((option) => `complete -c ai-agent-proxy ${seen} -l ${option.slice(2)}`),
    ...(takesAgent ? [`complete -c ai-agent-proxy ${seen} -a '(${agentsCommand})'`] : []),
    ...(takesFolder ? [`complete -c ai-agent-proxy ${seen} -a '(__fish_complete_directories)'`] : []),
    ...choices.map((choice) => `complete -c ai-agent-proxy ${seen} -a ${choice}`),
  ]
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
