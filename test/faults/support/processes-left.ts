import { readdirSync, readFileSync } from "node:fs"
import { processEntry } from "../../support/processes.ts"
import { waitFor } from "../../support/wait-for.ts"

/** Command lines of what still runs after `waitMs` with this folder as its `HOME`, which no other service has. */
export async function processesLeft(home: string, waitMs: number): Promise<readonly string[]> {
  const find = (): readonly string[] =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && hasHome(name, home))
      .flatMap((name) => processEntry(Number(name))?.commandLine ?? [])
  await waitFor(() => find().length === 0, { what: "no process to be left", timeoutMs: waitMs }).catch(() => {
    // Told by what is found then.
  })
  return find()
}

function hasHome(pid: string, home: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`HOME=${home}`)
  } catch {
    // Gone, or somebody else's.
    return false
  }
}
