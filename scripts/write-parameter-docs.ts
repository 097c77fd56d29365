import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { chatParameters } from "../src/protocol/chat/parameters.ts"
import type { Parameter, ParameterKind } from "../src/protocol/parameters.ts"
import { responsesParameters } from "../src/protocol/responses/parameters.ts"

export const parameterDocsPath = fileURLToPath(new URL("../docs/api-parameters.md", import.meta.url))

const order: readonly ParameterKind[] = ["served", "advisory", "refused"]

/** The page as it should be; a test compares it with the committed one. */
export function parameterDocs(): string {
  return `# Request parameters

Written by \`node scripts/write-parameter-docs.ts\` from the tables that the service itself uses.

- **served**: it does what the API says.
- **advisory**: its form and range are checked, and it is named in the answer's header \`x-advisory-parameters\`; it has
  no effect on the agent. Answers of the Responses API repeat it where the API has a field for it.
- **refused**: the request is answered with a 400 whose \`param\` names it.

\`null\` means absent for all of them. Fields that neither OpenAI nor Open Responses documents are ignored.

## POST /v1/responses

${table(responsesParameters)}

## POST /v1/chat/completions

${table(chatParameters)}
`
}

function table(parameters: readonly Parameter[]): string {
  const rows = parameters
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.name < b.name ? -1 : 1))
    .map(({ name, kind, note }) => `| \`${name}\` | ${kind} | ${sentence(note)} |`)
  return ["| parameter | kind | note |", "|---|---|---|", ...rows].join("\n")
}

function sentence(note: string): string {
  return note.charAt(0).toUpperCase() + note.slice(1)
}

if (import.meta.main) writeFileSync(parameterDocsPath, parameterDocs())
