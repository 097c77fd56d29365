import { RosterFolder } from "../workspace/roster-folder.ts"
import { settingsOf } from "./agent-flags.ts"
import { programOf } from "./agent-view.ts"
import { note } from "./command-io.ts"
import type { DaemonClient } from "./daemon-client.ts"
import { assertPassedOn } from "./passed-on.ts"

/**
 * `connect --cli`, as release 0.2.0 had it: the agent of a service that runs has this CLI from now on, and is started where it was
 * stopped. Rejects with `UsageError` for a value that cannot be used, and `ProxyError`.
 */
export async function runOn(client: DaemonClient, home: string, id: string, typed: string): Promise<void> {
  const { cli = typed } = settingsOf({ cli: typed })
  await assertPassedOn(cli ?? typed, null)
  const folder = new RosterFolder(home, (_level, message) => note(message))
  await folder.read()
  if (folder.find(id)?.control?.cli !== cli) await folder.change(id, { cli, backend: null })
  const agent = await client.change(id, "start")
  note(`${id} runs on ${programOf(agent)} from now on (\`cli\` in its control/agent.json).`)
}
