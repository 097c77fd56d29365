import { text as readText } from "node:stream/consumers"
import * as z from "zod"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { escapeControls } from "../../domain/visible-controls.ts"
import { agentVariables, threadVariable } from "../../programs/child-environment.ts"
import { jsonOrNull, requestLocally } from "../context/daemon-client.ts"
import { OwnCommand } from "../context/flags.ts"
import { note, print } from "../io/print.ts"

interface ReplyFlags {
  readonly final?: true
  readonly id?: string
  readonly response?: string
  readonly conversation?: string
  readonly json?: true
}

const timeoutMs = 30_000

const answer = z.object({ delivered_to: z.enum(["turn", "conversation", "outbox"]), agent: z.string() })
const refusal = z.object({ error: z.object({ message: z.string() }) })

const outcomes = {
  turn: "Said to whoever waits for the answer.",
  conversation: "Nobody waits now; it stands in the conversation.",
  outbox: "Nobody waits now; it is kept in the outbox.",
} as const

export function replyCommand(): OwnCommand {
  return new OwnCommand("reply")
    .description("For agents: say something to whoever waits, from a shell command of their turn.")
    .argument("[text...]", "what to say; from stdin where there is none")
    .option("--final", "it is the answer: the turn is over with it")
    .option("--id <id>", "a name of your own; the same again is not said twice")
    .option("--response <id>", "the response that it belongs to, where several turns run")
    .option("--conversation <id>", "the conversation that it belongs to")
    .option("--json", "print the service's answer")
    .action(reply)
    .withHelp(`
Examples:
  ai-agent-proxy reply "Half of the tests pass now, the rest takes an hour."
  make report | ai-agent-proxy reply --final

The service gives each agent ${agentVariables.url} and ${agentVariables.token}, which this needs, and
${agentVariables.command}, the path of this program for shells that have another PATH.`)
}

async function reply(words: readonly string[], flags: ReplyFlags): Promise<void> {
  const url = process.env[agentVariables.url]
  const token = process.env[agentVariables.token]
  if (url === undefined || token === undefined) {
    throw new ProxyError(
      "invalid_request",
      `This is for agents of a running service, in whose shells ${agentVariables.url} and ${agentVariables.token} are set. ` +
        "People talk to agents with `ai-agent-proxy connect`, programs with POST /agent-reply and an API key.",
    )
  }
  const text = await textOf(words)
  const body = {
    text,
    final: flags.final === true,
    ...(flags.id !== undefined && { id: flags.id }),
    ...(flags.response !== undefined && { response_id: flags.response }),
    ...(flags.conversation !== undefined && { conversation: flags.conversation }),
    ...(process.env[threadVariable] && { thread: process.env[threadVariable] }),
  }
  const received = await post(`${url}/agent-reply`, token, body)
  const parsed = answer.safeParse(jsonOrNull(received.body))
  if (!received.isOk || !parsed.success) {
    const told = refusal.safeParse(jsonOrNull(received.body))
    // Not `invalid_request`, which says that the command line was wrong.
    throw new ProxyError(
      "internal_error",
      told.success ? told.data.error.message : `The service at ${url} gave no answer that makes sense.`,
    )
  }
  if (flags.json === true) print(escapeControls(received.body))
  else note(outcomes[parsed.data.delivered_to])
}

async function textOf(words: readonly string[]): Promise<string> {
  if (words.length > 0) return words.join(" ")
  if (process.stdin.isTTY) {
    throw new ProxyError("invalid_request", 'There is nothing to say. Type `ai-agent-proxy reply "TEXT"`.')
  }
  const text = (await readText(process.stdin)).trim()
  if (text !== "") return text
  throw new ProxyError("internal_error", "There is nothing to say: stdin is empty.")
}

async function post(
  url: string,
  token: string,
  body: object,
): Promise<{ readonly isOk: boolean; readonly body: string }> {
  try {
    const { status, body: received } = await requestLocally(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
      timeoutMs,
    })
    return { isOk: status >= 200 && status < 300, body: received }
  } catch (error) {
    throw new ProxyError("agent_not_ready", `The service does not answer at ${url}: ${messageOf(error)}.`, {
      cause: error,
    })
  }
}
