import { type ChildProcess, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { afterEach, describe, expect, it } from "vitest"
import { isRunning } from "../../../../test/support/processes.ts"
import { waitFor } from "../../../../test/support/wait-for.ts"
import {
  type EndStep,
  endProcessTree,
  hasGroup,
  markedProcesses,
  membersOf,
  nobody,
  type ProcessRow,
  psRows,
  snapshot,
} from "./process-tree.ts"

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill("SIGKILL")
})

/** A shell as leader of its own group, with the pids that it prints, once it has printed `count` of them. */
async function startShell(script: string, count: number) {
  const child = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] })
  children.push(child)
  let output = ""
  let hasExited = false
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text
  })
  child.once("exit", () => {
    hasExited = true
  })
  const pids = await waitFor(
    () => {
      const all = output.split("\n").filter(Boolean).map(Number)
      return all.length >= count && all
    },
    { what: "the shell to print its pids" },
  )
  return { child, root: { pid: child.pid ?? 0, hasExited: () => hasExited }, pids }
}

const quick: readonly EndStep[] = [
  { signal: "SIGINT", waitMs: 100 },
  { signal: "SIGTERM", waitMs: 100 },
  { signal: "SIGKILL", waitMs: 2_000 },
]

describe("ending a process tree", () => {
  it("ends children in sessions of their own, which no group signal reaches", async () => {
    const { root, pids } = await startShell('echo $$; setsid sh -c "echo \\$\\$; sleep 300; :" & wait', 2)
    expect(pids.every(isRunning)).toBe(true)
    await endProcessTree(root, quick)
    expect(pids.filter(isRunning)).toEqual([])
  })

  it("kills what ignores the polite signals", async () => {
    const { root, pids } = await startShell(
      'trap "" INT TERM; echo $$; sh -c "echo \\$\\$; sleep 300; :" & wait; sleep 300',
      2,
    )
    await endProcessTree(root, quick)
    expect(pids.filter(isRunning)).toEqual([])
  })

  it("lets a program end by itself on the first signal that it takes", async () => {
    const { child, root } = await startShell('trap "exit 7" TERM; echo $$; while :; do sleep 0.02; done', 1)
    await endProcessTree(root, [
      { signal: "SIGTERM", waitMs: 5_000 },
      { signal: "SIGKILL", waitMs: 1_000 },
    ])
    await waitFor(() => child.exitCode !== null, { what: "the exit" })
    expect(child.exitCode).toBe(7)
  })

  it("finds orphans by the group of their dead leader", async () => {
    const { child, root, pids } = await startShell(
      'echo $$; sh -c "echo \\$\\$; exec sleep 300" & sleep 0.2',
      2,
    )
    const [, orphan] = pids
    await waitFor(() => child.exitCode !== null, { what: "the leader to end" })
    expect(hasGroup(root.pid)).toBe(true)
    expect(isRunning(orphan ?? 0)).toBe(true)
    await endProcessTree(root, quick)
    expect(isRunning(orphan ?? 0)).toBe(false)
  })

  it("finds a process that left group, session and parent by the variable of its environment", async () => {
    const marker = ["TEST_TREE_MARKER", randomUUID()] as const
    const script = `export ${marker.join("=")}; echo $$; (setsid sh -c 'echo $$; exec sleep 300' &); exec env sleep 300`
    const { root, pids } = await startShell(script, 2)
    const orphan = pids[1] ?? 0
    await waitFor(async () => membersOf(await snapshot(), root).every(({ pid }) => pid !== orphan), {
      what: "the orphan to be out of the tree",
    })
    await endProcessTree({ ...root, marker: [marker[0], `${marker[1]}0`] }, quick)
    expect(pids.filter(isRunning)).toEqual([orphan])
    await endProcessTree({ ...root, marker }, quick)
    expect(pids.filter(isRunning)).toEqual([])
  })

  it("leaves alone what is to be spared, with its session and what it has started since", async () => {
    const marker = ["TEST_TREE_MARKER", randomUUID()] as const
    const stamp = `export ${marker.join("=")}; exec`
    const earlier = await startShell(
      `${stamp} sh -c 'echo $$; sh -c "echo \\$\\$; exec sleep 300" & wait'`,
      2,
    )
    const spared = (await markedProcesses({ marker })).filter(({ pid }) => pid === earlier.root.pid)
    expect(spared).toHaveLength(1)
    const later = await startShell(`${stamp} sh -c 'echo $$; exec sleep 300'`, 1)
    await endProcessTree({ ...nobody, marker, spared }, quick)
    expect([...earlier.pids, ...later.pids].map(isRunning)).toEqual([true, true, false])
    // Its shell is gone: only the session tells.
    const child = earlier.pids[1] ?? 0
    const both = (await markedProcesses({ marker })).filter(({ pid }) => earlier.pids.includes(pid))
    process.kill(earlier.root.pid, "SIGKILL")
    await endProcessTree({ ...nobody, marker, spared: both }, quick)
    expect(isRunning(child)).toBe(true)
    await endProcessTree({ ...nobody, marker }, quick)
    expect(isRunning(child)).toBe(false)
  })

  it("does nothing to a process that is gone", async () => {
    const { child, root } = await startShell("echo $$", 1)
    await waitFor(() => child.exitCode !== null, { what: "the exit" })
    await endProcessTree(root, quick)
    expect(hasGroup(root.pid)).toBe(false)
  })
})

describe("the members of a tree", () => {
  const row = (pid: number, parentPid: number, more: Partial<ProcessRow> = {}): ProcessRow => ({
    pid,
    parentPid,
    groupId: pid,
    sessionId: pid,
    isZombie: false,
    startedAt: String(pid),
    ...more,
  })
  const pidsOf = (rows: readonly ProcessRow[]) => rows.map(({ pid }) => pid).sort((a, b) => a - b)
  const alive = { pid: 10, hasExited: () => false }
  const dead = { pid: 10, hasExited: () => true }

  it("are root, descendants, and orphans of its group or session; zombies and strangers are not", () => {
    const rows = [
      row(10, 1),
      row(11, 10),
      row(12, 11),
      row(13, 1, { groupId: 10 }),
      row(14, 13),
      row(15, 10, { isZombie: true }),
      row(20, 1),
    ]
    expect(pidsOf(membersOf(rows, alive))).toEqual([10, 11, 12, 13, 14])
  })

  it("are not those who got the pid of a dead root, nor their children", () => {
    const rows = [row(10, 1), row(11, 10), row(13, 1, { groupId: 10 })]
    expect(pidsOf(membersOf(rows, dead))).toEqual([13])
  })

  it("are the children of a member that was seen before, but not of another process of its pid", () => {
    const known = new Map([[30, row(30, 1)]])
    expect(pidsOf(membersOf([row(30, 1), row(31, 30)], dead, known))).toEqual([30, 31])
    expect(pidsOf(membersOf([row(30, 1, { startedAt: "later" }), row(31, 30)], dead, known))).toEqual([])
  })
})

it("reads the same tree from ps as from /proc", async () => {
  const { root, pids } = await startShell('echo $$; sh -c "echo \\$\\$; sleep 300; :" & wait', 2)
  const fromPs = membersOf(await psRows(), root).map(({ pid }) => pid)
  const fromProc = membersOf(await snapshot(), root).map(({ pid }) => pid)
  expect(fromPs).toEqual(expect.arrayContaining([...pids]))
  expect(fromPs.sort()).toEqual(fromProc.sort())
  await endProcessTree(root, quick)
})
