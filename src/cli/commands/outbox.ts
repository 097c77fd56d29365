import { formatDuration } from "../../domain/duration.ts"
import { chooseAgent } from "../context/agent-view.ts"
import { DaemonClient, type Outbox } from "../context/daemon-client.ts"
import { OwnCommand } from "../context/flags.ts"
import { type CommonFlags, homeAndService } from "../context/home.ts"
import { UsageError } from "../io/exit-codes.ts"
import { note, print, printable, printableName, printJson } from "../io/print.ts"

const maxLimit = 100

interface OutboxFlags extends CommonFlags {
  readonly limit: string
  readonly clear?: boolean
}

export function outboxCommand(): OwnCommand {
  return new OwnCommand("outbox")
    .description("Show what agents have said that nobody was waiting for, the newest first.")
    .argument("[agent]", "id or name; of all agents without it")
    .option("--limit <number>", `how many at the most, up to ${maxLimit}`, "20")
    .option("--clear", "take out what is shown, and nothing that has come since")
    .withHome()
    .action(runOutbox)
    .withHelp(`
Examples:
  ai-agent-proxy outbox
  ai-agent-proxy outbox alice --clear
  ai-agent-proxy outbox alice --json | jq -r '.messages[].text'`)
}

async function runOutbox(word: string | undefined, flags: OutboxFlags): Promise<void> {
  const limit = /^\d{1,3}$/.test(flags.limit) ? Number(flags.limit) : 0
  if (limit < 1 || limit > maxLimit)
    throw new UsageError(`--limit is a number from 1 to ${maxLimit}, not '${flags.limit}'.`)
  const client = new DaemonClient((await homeAndService(flags)).home)
  const { agents } = await client.status()
  const agentId = word === undefined ? null : chooseAgent(agents, word).id
  const { data, has_more } = await client.outbox(agentId, limit)
  if (flags.json === true) printJson({ messages: data, has_more })
  else tell(data, has_more, limit)
  // Only now: what could not be shown is still there.
  if (flags.clear === true && data.length > 0) await takeOut(data, client)
}

async function takeOut(messages: Outbox["data"], client: DaemonClient): Promise<void> {
  let taken = 0
  let goneBefore = 0
  const files = messages.flatMap(({ file }) => file ?? [])
  try {
    for (const { id, file } of messages) {
      if (file !== undefined) continue
      if (await client.removeFromOutbox(id)) taken += 1
      else goneBefore += 1
    }
  } finally {
    // Also where the service ends in the middle.
    const others = goneBefore === 0 ? "" : ` Taken out by somebody else meanwhile: ${goneBefore}.`
    note(`Taken out: ${taken}.${others}`)
    const names = files.map(printableName).join(", ")
    if (files.length > 0) note(`What release 0.2.0 has left stays where it is: ${names}.`)
  }
}

function tell(data: Outbox["data"], hasMore: boolean, limit: number): void {
  if (data.length > 0) print(data.map(messageLines).join("\n\n"))
  else note("There is nothing in the outbox.")
  if (hasMore) note(limit < maxLimit ? `There is more; --limit shows more than ${limit}.` : "There is more.")
}

function messageLines({ agent, text, created_at, final, response_id }: Outbox["data"][number]): string {
  const facts = [
    printableName(agent),
    `${formatDuration(Date.now() - created_at * 1000)} ago`,
    ...(final ? ["final"] : []),
    ...(response_id === null ? [] : [printableName(response_id)]),
  ]
  const lines = printable(text).trim().split("\n")
  return [facts.join(", "), ...lines.map((line) => `  ${line}`)].join("\n")
}
