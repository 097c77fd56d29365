import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Parameter, ParameterKind } from "../src/protocol/common/parameters.ts"
import {
  type QueryDescription,
  type RouteDescription,
  routeDescriptions,
  turnHeaders,
} from "../src/protocol/openapi/routes.ts"
import { compactParameters } from "../src/protocol/responses/compact-request.ts"
import { turnApis } from "../src/protocol/turn-apis.ts"
import { agentClis, type CliCapabilities } from "./agent-clis.ts"

export const apiDocsPath = fileURLToPath(new URL("../docs/api.md", import.meta.url))

const order: readonly ParameterKind[] = ["served", "advisory", "refused"]

/** The page as it should be; a test compares it with the committed one. */
export function apiDocs(): string {
  return `# The API

Written by \`node scripts/write-api-docs.ts\` from the tables that the service itself uses. The same as an OpenAPI 3.1
document: \`GET /openapi.json\`. More of [which thread a request goes to](conversations.md), [background answers and
retries](background.md), [files](files.md), [compaction](compact.md), [WebSockets](websocket.md).

## Routes

${routes()}

With API keys configured, all but the open ones want \`Authorization: Bearer <key>\`, and pages of any
origin may call \`/v1\` from a browser (CORS). Foreign ids are 404. Every error is
\`{"error": {"message", "type", "param", "code"}}\`; \`param\` has the endpoint's own name of the field (\`messages[0].content\`,
\`input[0].content\`). The \`error\` of a failed response is \`{"code", "message"}\`, its code the true one, or \`invalid_prompt\` with the true one in the
message: [when a turn fails](background.md#when-a-turn-fails). A request that is refused while its body is still being sent is answered at once, with \`connection: close\`.

Queries:

${table(
  ["route", "parameter", "values", "note"],
  routeDescriptions.flatMap((route) =>
    (route.query ?? []).map((query) => [nameOf(route), ...queryCells(query)]),
  ),
)}

Headers of both endpoints that run turns:

${table(["header", "values", "note"], turnHeaders.map(queryCells))}

## What depends on the agent's CLI

\`GET /v1/models/{id}\` has for each agent, in \`capabilities\`, what its CLI was found to do: \`program\` and \`version\`, and these.
What a CLI cannot do is refused before anything runs, with a 400 that names the field.

${table(["capability", ...agentClis.map(({ name }) => name), "without it"], capabilityRows())}

## Answers

A response is OpenAI's object, and has all that is said in its \`output\` as one text at its top, too, whole, stored, in events and on a
WebSocket: \`output_text\`, put together as the official SDKs do it (what is said on the way is in it). So
\`curl … | jq -r .output_text\` will do.

\`GET /health\` has \`ok\`, \`status\`, \`version\`, \`uptime_seconds\`, \`manager\`, and \`endpoint\`: where responses are asked for, by the
address that this request came to. The status page counts the agents that are ready; whoever asks for it with a key (or where none is needed)
sees the process ids of their CLIs.

## Usage

Tokens are those that the CLI tells for the whole turn, all its requests to the model added up. A model server tells them at the end of
an answer: of a turn that was cut before (\`stop\`, a limit, a cancel) they are at least what its texts are worth, four characters a token.
A response that ends with a call of your function has what was used so far, the next one the rest; where the CLI tells nothing before
the end of its turn (gemini, opencode, copilot), all of it is in the last.

## Parameters

- **served**: it does what the API says.
- **advisory**: its form and range are checked, and it is named in the answer's header \`x-advisory-parameters\`; it has
  no effect on the agent. Answers of the Responses API repeat it where the API has a field for it.
- **refused**: the request is answered with a 400 whose \`param\` names it.

\`null\` means absent for all of them. Fields that neither OpenAI nor Open Responses documents, misspelt ones among them, have no
effect and are named in \`x-advisory-parameters\`, too. So is \`model\` where it names no agent, so that the manager answers; the
name of an agent that is misspelt (\`engineer_alise\`) is a 404 \`model_not_found\` that says who may be meant and who there is.
One of our own: \`context_id\` names a conversation as the header \`X-Session-Id\` does, where that is not there.

### Looser bodies

A body whose meaning is plain is read as what it means, by both endpoints, whole, streamed and on WebSockets, where input is counted,
compacted or added to a conversation, and where metadata is replaced; the tables and \`/openapi.json\` show OpenAI's own form.
\`loose_bodies = false\` refuses all of these with a 400 that names the field, as it refuses what is not plain:

| what comes | is read as |
|---|---|
| \`"input": {"text": "…"}\`, \`"content": {"text": "…"}\`, with or without the \`type\` of a text | the text |
| \`"input": ["a", "b"]\`, texts and \`{"type": "text", "text": "…"}\` | one message: the texts with a blank line between them |
| a text or \`{"type": "text", "text": "…"}\` among the items of \`input\`, of \`messages\` or of a conversation | a message of the user |
| a text among the parts of a \`content\`, \`input_text\` and \`output_text\` in a chat message | a part of text |
| one message in place of a list of them | a list of one |
| \`image_url\` beside such a text, or beside a user's \`content\` that is a text: an address, or \`{"url", "detail"}\` | the text, and the picture behind it |
| a \`role\` in capitals, or none | the role; the user |
| any other \`role\`: \`{"role": "boss", "content": "Go on."}\` | a message of the user: \`boss: Go on.\` |
| a value in \`metadata\` that is no text | its JSON as text, which the bounds count |

What says something where it would not be read is refused by its name, with \`loose_bodies = false\` as well: two texts
(\`{"text": "a", "content": "b"}\`), and beside the text, the \`content\` of a user's message, a picture or a file whatever is called as content is
(\`images\`, \`file\`, \`file_id\`, \`input_image\`, \`attachments\`, \`parts\`, \`url\`…) or holds a data URL. What is empty there, or says the same again, passes, as
fields do that nobody knows.

### What the agent is told of a request

With \`agents.tell_metadata = true\` (so it is by itself in a home [from release 0.2.0](from-0.2.0.md)), each message comes to the agent behind
another one that holds the request's \`metadata\` and, where \`model\` names no agent, that name as \`requested_model\`, as JSON in a marked block and
with the word that it is data and no instruction. In that JSON backticks, \`<\`, \`>\` and what cannot be seen are written as \`\\uXXXX\`. It is no part of the
conversation: nothing is recognised by it, no answer and no list of items shows it, and titles and the like are asked for without it. With the
outputs of functions it comes where messages come with them.

${turnApis
  .map(({ described, parameters }) => `### POST ${described.path}\n\n${parameterTable(parameters)}`)
  .join("\n\n")}

### POST /v1/responses/compact

${parameterTable(compactParameters)}
`
}

function routes(): string {
  const rows = routeDescriptions.map((route) => [
    nameOf(route),
    `${route.note}${route.isOpen === true ? " Open." : ""}${backendsOf(route)}`,
  ])
  return table(["route", "what it does here"], rows)
}

/** Routes that start no turn do the same whatever the agent's CLI. */
function backendsOf({ isTurn }: RouteDescription): string {
  return isTurn === true ? " What the CLI must have for which field: below." : ""
}

function nameOf({ method, path }: RouteDescription): string {
  return `\`${method} ${path}\``
}

function queryCells({ name, note, schema }: QueryDescription): string[] {
  return [`\`${name}\``, valuesOf(schema), note]
}

function valuesOf(schema: QueryDescription["schema"]): string {
  const { type, minimum, maximum, default: usual } = schema
  const known = Array.isArray(schema.enum) ? schema.enum.map((value) => `\`${value}\``).join(", ") : null
  const range = maximum === undefined ? `from ${minimum}` : `${minimum} to ${maximum}`
  const values = known ?? (minimum === undefined ? wordOf(type) : range)
  return usual === undefined ? values : `${values}; default \`${usual}\``
}

function wordOf(type: unknown): string {
  const words: Record<string, string> = {
    string: "text",
    boolean: "`true`, `false`",
    array: "list",
    object: "pairs",
  }
  return words[String(type)] ?? String(type)
}

const without: Readonly<Record<keyof CliCapabilities, string>> = {
  streams_deltas: "the answer comes in whole items; `stream` works as always",
  accepts_images: "a new image is refused; `param` names its part, e.g. `messages[2].content[1]`",
  calls_functions: "`tools` is refused, unless `tool_choice` is `none`",
  takes_json_schema:
    "nothing is missing: the schema is told in words, and the service holds every answer to it",
  forks_threads: "a branch is a new thread that is told its history",
  reasoning_efforts:
    "`reasoning.effort` and `reasoning_effort` are advisory, as is any effort that is not listed",
}

function capabilityRows(): string[][] {
  // The record has these keys and no others.
  const names = Object.keys(without) as (keyof CliCapabilities)[]
  return names.map((name) => [
    `\`${name}\``,
    ...agentClis.map(({ capabilities }) => capabilityCell(capabilities[name])),
    without[name],
  ])
}

function capabilityCell(value: CliCapabilities[keyof CliCapabilities]): string {
  if (typeof value === "boolean") return value ? "yes" : "no"
  if (value === "by model") return value
  return value.length === 0 ? "none" : value.map((effort) => `\`${effort}\``).join(", ")
}

function parameterTable(parameters: readonly Parameter[]): string {
  const rows = parameters
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.name < b.name ? -1 : 1))
    .map(({ name, kind, note }) => [`\`${name}\``, kind, sentence(note)])
  return table(["parameter", "kind", "note"], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((cells) => `| ${cells.join(" | ")} |`)
  return [lines[0], `|${head.map(() => "---|").join("")}`, ...lines.slice(1)].join("\n")
}

function sentence(note: string): string {
  return note.charAt(0).toUpperCase() + note.slice(1)
}

if (import.meta.main) writeFileSync(apiDocsPath, apiDocs())
