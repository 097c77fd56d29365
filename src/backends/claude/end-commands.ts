import { type EndStep, endProcessTree, membersOf, snapshot, startedAtOf } from "../process-tree.ts"

const steps: readonly EndStep[] = [
  { signal: "SIGTERM", waitMs: 500 },
  { signal: "SIGKILL", waitMs: 500 },
]

/**
 * Ends the shell commands of a claude that lives on. After an interrupt it ends them itself, but says that the turn is over
 * before they are gone. Each command leads a group of its own; what is in claude's group (servers of MCP) stays.
 */
export async function endCommands(pid: number): Promise<void> {
  const rows = await snapshot()
  const leaders = membersOf(rows, { pid, hasExited: () => false }).filter(
    (row) => row.groupId !== pid && row.groupId === row.pid,
  )
  await Promise.all(
    leaders.map((leader) => {
      const hasExited = () => process.platform === "linux" && startedAtOf(leader.pid) !== leader.startedAt
      return endProcessTree({ pid: leader.pid, hasExited }, steps)
    }),
  )
}
