import { messageOf, ProxyError } from "../../domain/errors.ts"
import { brokenOff, followTurn } from "../connect/turn-events.ts"
import { exitCodeOf, interruptible, plainPrinter, TurnPrinter } from "../connect/turn-printer.ts"
import { chooseAgent } from "../context/agent-view.ts"
import { DaemonClient } from "../context/daemon-client.ts"
import { OwnCommand } from "../context/flags.ts"
import { type CommonFlags, homeOf } from "../context/home.ts"
import { exitCodes, UsageError } from "../io/exit-codes.ts"
import { firstByteMs, pipedInput } from "../io/piped-input.ts"
import { note, printJson } from "../io/print.ts"

export function askCommand(): OwnCommand {
  return new OwnCommand("ask")
    .description("Ask an agent one question, in a conversation of its own.")
    .argument("<agent>", "id or name")
    .argument("[text...]", "the question; what is on stdin goes along with it, a last `-` waits for that")
    .withHome("the answer as JSON, with its id and usage")
    .action(ask)
    .withHelp(`
The answer goes to stdout, what the agent does to stderr. Exit code 1: the turn failed, 130: interrupted by Ctrl-C.

Beside a question, stdin is read to its end once something has come; where nothing comes for ${firstByteMs / 1_000} s, the agent is asked without
it. A \`-\` behind the question waits for stdin however long it takes; so does leaving the question out.

Examples:
  ai-agent-proxy ask manager "What is left to do?"
  git diff | ai-agent-proxy ask reviewer "Is this right?"
  make 2>&1 | ai-agent-proxy ask manager "Why does it fail?" -
  ai-agent-proxy ask alice --json "Say hello." | jq -r .text`)
}

async function ask(word: string, words: readonly string[], flags: CommonFlags): Promise<void> {
  const client = new DaemonClient(await homeOf(flags))
  const { agents } = await client.status()
  const { id } = chooseAgent(agents, word)
  const isAwaited = words.at(-1) === "-"
  const question = (isAwaited ? words.slice(0, -1) : words).join(" ")
  const input = messageFrom(question, await contextFor(question, isAwaited), id)
  const isJson = flags.json === true
  let text = ""
  const printer = isJson ? new TurnPrinter({ answer: () => {}, aside: note }) : plainPrinter()
  process.exitCode = await interruptible(async (signal) => {
    const stream = await client.open("POST", "/v1/responses", { model: id, stream: true, input }, signal)
    const finished = await followTurn(stream, (event) => {
      printer.show(event)
      if (event.type === "text" && event.isFinal) text += event.text
    })
    printer.finish()
    if (finished === null) throw brokenOff()
    if (!isJson) return exitCodeOf(finished)
    printJson({ ...finished, text })
    return finished.status === "completed" ? 0 : exitCodes.failure
  }).catch((error: unknown) => {
    if (!isJson || !(error instanceof ProxyError)) throw error
    printJson({ error: { code: error.code, message: messageOf(error) } })
    return exitCodes.failure
  })
}

/** A person at a terminal types nothing more, unless that was asked for. */
async function contextFor(question: string, isAwaited: boolean): Promise<string> {
  const { stdin } = process
  if (stdin.isTTY === true && !isAwaited) return ""
  const context = await pipedInput(stdin, isAwaited || question.trim() === "" ? null : firstByteMs)
  if (context === null) {
    note(
      `Nothing came on stdin for ${firstByteMs / 1_000} s, so the agent is asked without it; a \`-\` behind the question waits for it.`,
    )
  }
  return context ?? ""
}

/** The question first: it says what the rest is for. Throws `UsageError` for nothing at all. */
function messageFrom(question: string, piped: string, agentId: string): string {
  const context = piped.trim() === "" ? "" : piped.replace(/\n+$/, "")
  if (question.trim() === "" && context === "") {
    throw new UsageError(
      `There is no question. Type \`ai-agent-proxy ask ${agentId} "What is left to do?"\`.`,
    )
  }
  if (question.trim() === "") return context
  return context === "" ? question : `${question}\n\n<stdin>\n${context}\n</stdin>`
}
