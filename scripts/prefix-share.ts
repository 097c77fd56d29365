/**
 * What of each request to the model its server knew before: the share that a prompt cache can serve, in bytes of tools, system and
 * messages in this order.
 *
 * `node scripts/prefix-share.ts [CLI] [--model NAME] [--responses]` runs the chat of `test/support/long-chat.ts` (twelve turns with
 * all that front ends change) on the real CLI, `codex` by default, against the scripted model server, and prints a line for each
 * request. `--model` is codex's, whose tool mode depends on it: `scripted-1`, `gpt-5.5`, `gpt-6-sol`.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { prefixShares } from "../test/model-server/prefix-share.ts"
import { type CliName, cliNames, startCliService } from "../test/support/cli-service.ts"
import { chatWire, responsesWire, runLongChat } from "../test/support/long-chat.ts"
import { waitFor } from "../test/support/wait-for.ts"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { model: { type: "string" }, responses: { type: "boolean", default: false } },
})
const name = cliNames.find((known) => known === (positionals[0] ?? "codex"))
if (name === undefined) {
  process.stderr.write(`There is no CLI ${positionals[0]} here; there are ${cliNames.join(", ")}.\n`)
  process.exitCode = 2
} else await printShares(name, values.model)

async function printShares(cli: CliName, modelName: string | undefined): Promise<void> {
  const { service, stop } = await startCliService(cli, modelName)
  const turns: { readonly what: string; readonly from: number }[] = []
  try {
    await runLongChat({
      client: service.client,
      wire: values.responses ? responsesWire : chatWire,
      onTurn: (what) => turns.push({ what, from: service.model.requests.length }),
      hasRun: (mark) =>
        waitFor(() => readFileSync(join(service.home, "manager", "ran.txt"), "utf8").includes(mark), {
          what: `the command that prints ${mark}`,
          timeoutMs: 60_000,
        }),
    })
    const shares = prefixShares(service.model.requests)
    process.stdout.write("share   bytes  turn\n")
    for (const [index, { share, bytes }] of shares.entries()) {
      const turn = turns.findIndex(({ from }) => from === index)
      const what = turn === -1 ? "" : `${turn + 1} ${turns[turn]?.what ?? ""}`
      process.stdout.write(`${share.toFixed(3)} ${String(bytes).padStart(7)}  ${what}\n`)
    }
  } finally {
    await stop()
  }
}
