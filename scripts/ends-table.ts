/** Writes `docs/ends.md` anew out of the tables by which the backends read the ends of turns: `node scripts/ends-table.ts`. */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { ProxyError } from "../src/domain/errors.ts"
import { toErrorResponse } from "../src/protocol/common/errors.ts"
import { type EndMeaning, knownEnds } from "./known-ends.ts"

export const endsPage = new URL("../docs/ends.md", import.meta.url)

const introduction = `# How a turn ends

Every way in which an agent CLI ends a turn, and what a client sees of it. Whole answers and streams end alike: a stream has the same
\`status\` in its last event (\`response.completed\`, \`response.incomplete\`, \`response.failed\`), or the same \`finish_reason\` in its last
chunk; its errors come in the stream, as its status 200 is out.

- An answer with nothing in it (no text, no call, nothing that the agent did) is a failure on every CLI.
- What the model said before it came to a limit, or was cut off as not allowed, stands: the response is \`incomplete\`, not failed.
- A failure has the code \`invalid_prompt\` over Responses and the status 400 where the agent has acted: see
  [what clients make of failures](clients/failures.md). Codes of the model server are told [by CLI](agents/README.md).
- A client's own limits (\`max_output_tokens\`, \`stop\`), deadlines and cancelling end a turn from our side: see [the API](api.md).

Not every CLI tells what its model said. gemini (0.61.0) tells its own \`end_turn\` for an answer at a limit, and for one that was cut off;
opencode (1.18.33) for one at a limit, copilot (1.0.102) for one that was cut off. claude and copilot go on by themselves where an answer
came to a limit of tokens, or had nothing in it.

## A stream that broke off and was asked for again

Some CLIs ask their model again when its stream breaks off in the middle. Then the answer is what the model said at last:

| CLI | a stream that breaks off | the half text |
|---|---|---|
| codex | is asked for again, some times | withdrawn |
| codex exec | is asked for again, some times | never told, as it tells whole texts only |
| claude | is asked for again where nothing in it was whole yet, else the turn fails | withdrawn |
| copilot | is asked for again | withdrawn |
| opencode | is asked for again, without a word of it where some of the text was shown | in front of the answer, in the same message |
| gemini | ends the turn | stands, in a turn that failed |
| qwen, any other over ACP | may be asked for again, without a word of it | in front of the answer |

- A whole answer, a stored one and \`output_text\` never have a text that was withdrawn, and it counts for no limit and no form of the answer.
- A stream cannot take back what it has told: over Responses the half text ends in \`response.output_item.done\` with the status
  \`incomplete\`, the next one has the next \`output_index\`, and the \`output\` of the last event is that of the stored response, without it.
  In chat completions both texts are in the chunks, a blank line between them; a client that resends them goes on in the same thread.
- A half text behind which nothing more comes is not withdrawn: it is the last that the model said.

## All ends

The table is made by \`node scripts/ends-table.ts\` out of the code.
`

/** The whole page. */
export function endsText(): string {
  const rows = knownEnds.map(
    ({ cli, told, meaning }) => `| ${cli} | ${told} | ${inResponses(meaning)} | ${inChat(meaning)} |`,
  )
  const head = "| CLI | tells | Responses | chat completions |\n|---|---|---|---|"
  return `${introduction}\n${head}\n${rows.join("\n")}\n`
}

function inResponses(meaning: EndMeaning): string {
  switch (meaning) {
    case "answer":
      return "`completed`"
    case "max_output_tokens":
    case "content_filter":
      return `\`incomplete\`, \`${meaning}\``
    default:
      return `\`failed\`, \`${meaning}\` (${statusOf(meaning)})`
  }
}

function inChat(meaning: EndMeaning): string {
  switch (meaning) {
    case "answer":
      return "`stop`, or `tool_calls`"
    case "max_output_tokens":
      return "`length`"
    case "content_filter":
      return "`content_filter`"
    default:
      return `error \`${meaning}\` (${statusOf(meaning)})`
  }
}

function statusOf(code: Exclude<EndMeaning, "answer" | "max_output_tokens" | "content_filter">): number {
  return toErrorResponse(new ProxyError(code, ""), "").status
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(endsPage, endsText())
