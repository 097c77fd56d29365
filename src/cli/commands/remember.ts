import { join } from "node:path"
import { text as textOf } from "node:stream/consumers"
import { appendMemory, maxFactLength } from "../../workspace/agent/notes.ts"
import { chooseAgent } from "../context/agent-view.ts"
import { openAgents } from "../context/agents.ts"
import { OwnCommand } from "../context/flags.ts"
import { type CommonFlags, homeOf } from "../context/home.ts"
import { UsageError } from "../io/exit-codes.ts"
import { print, printJson, shortPath } from "../io/print.ts"

export function rememberCommand(): OwnCommand {
  return new OwnCommand("remember")
    .description(
      "Append a dated fact to an agent's memory, which is put in front of each of its new threads.",
    )
    .argument("<agent>", "id or name")
    .argument("[text...]", "the fact; without it, it is read from stdin")
    .withHome()
    .action(runRemember)
    .withHelp(`
Everybody who may talk to the agent shares its memory: no passwords, no keys.

Examples:
  ai-agent-proxy remember alice "We deploy on Thursdays."
  git log -1 --format=%s | ai-agent-proxy remember alice`)
}

async function runRemember(word: string, words: readonly string[], flags: CommonFlags): Promise<void> {
  const home = await homeOf(flags)
  const { id } = chooseAgent(await (await openAgents(home)).list(), word)
  const fact = (words.length > 0 ? words.join(" ") : await readStdin()).trim()
  if (fact === "")
    throw new UsageError(`There is nothing to remember. Type \`ai-agent-proxy remember ${word} "A fact."\`.`)
  if (fact.length > maxFactLength) {
    throw new UsageError(
      `That is too long to be remembered: ${fact.length} characters, at most ${maxFactLength}.`,
    )
  }
  await appendMemory(join(home, id), fact, new Date())
  const file = join(home, id, "memory", "memory.md")
  if (flags.json === true) return printJson({ id, file })
  print(`${id} remembers it (${shortPath(file)})`)
}

/** A person at a terminal would wait for nothing. */
function readStdin(): Promise<string> {
  return process.stdin.isTTY === true ? Promise.resolve("") : textOf(process.stdin)
}
