import { beforeEach, describe, expect, it } from "vitest"
import { waitFor } from "../../../test/support/wait-for.ts"
import type { Backend } from "../../domain/backend.ts"
import { Agent } from "./agent.ts"

const backend: Backend = {
  kind: "fake",
  changesTools: false,
  capabilities: () => Promise.reject(new Error("not known")),
  readiness: async () => ({ isReady: true }),
  openThread: async () => "thread",
  resumeThread: async () => {},
  forkThread: async () => "thread",
  closeThread: async () => {},
  deleteThread: async () => {},
  startTurn: () => {
    throw new Error("no turns here")
  },
  stop: async () => {},
}

let agent: Agent

function agentWith(closed: string[], loadedThreads: number): Agent {
  return new Agent({
    profile: {
      identity: "agent-1",
      id: "manager",
      role: "manager",
      name: "",
      workspace: "/",
      workingDirectory: "/",
    },
    backend: { ...backend, closeThread: async (ref) => void closed.push(ref) },
    program: "fake",
    instructions: { preamble: async () => "" },
    limits: { loadedThreads, threadIdleMs: 600_000 },
    now: () => 0,
    log: () => {},
  })
}

it("keeps its unused threads loaded, however many turns run or wait for their client", () => {
  const closed: string[] = []
  const busy = agentWith(closed, 2)
  busy.occupy("talked to", "ref of it", "")
  busy.release("talked to")
  for (let number = 1; number <= 30; number += 1) busy.occupy(`waits ${number}`, `ref ${number}`, "")
  busy.release("waits 1")
  expect(closed).toEqual([])
  busy.release("waits 2")
  expect(closed).toEqual(["ref of it"])
})

beforeEach(() => {
  agent = agentWith([], 1)
})

it("keeps its threads loaded when somebody sets the machine's clock", async () => {
  let now = 0
  let asked = 0
  const closed: string[] = []
  const watched = new Agent({
    profile: {
      id: "manager",
      identity: "agent-1",
      role: "manager",
      name: "",
      workspace: "/",
      workingDirectory: "/",
    },
    backend: {
      ...backend,
      readiness: async () => {
        asked += 1
        return { isReady: true }
      },
      closeThread: async (ref) => void closed.push(ref),
    },
    program: "fake",
    instructions: { preamble: async () => "" },
    limits: { loadedThreads: 8, threadIdleMs: 600_000, readinessPollMs: 1 },
    now: () => now,
    log: () => {},
  })
  watched.occupy("thread", "ref", "")
  watched.release("thread")
  now += 86_400_000
  await watched.start()
  // Each time it is asked, it also looks for threads that are idle.
  await waitFor(() => asked >= 3, { what: "the agent to be asked again" })
  expect(closed).toEqual([])
  await watched.stop()
})

describe("what is known of an agent", () => {
  it("has the death of its process, but not an end that its backend meant", async () => {
    agent.told({ type: "process.started", pid: 1 })
    agent.told({ type: "process.exited", pid: 1, reason: "ended with exit code 0", isExpected: true })
    expect(agent.status(0)).toMatchObject({ pid: null, lastExit: null })
    agent.told({ type: "process.started", pid: 2 })
    agent.told({ type: "process.exited", pid: 2, reason: "was killed" })
    expect(agent.status(0).lastExit).toMatchObject({ reason: "was killed" })
    await agent.stop()
  })

  it.each(["completed", "incomplete"] as const)("has no refused log-in after a turn that is %s", (status) => {
    const error = { code: "login_required", message: "401", modelStatus: 401 }
    agent.turnEnded({ status: "failed", error })
    expect(agent.status(0).loginProblem).toMatchObject({ message: "401" })
    agent.turnEnded({ status: "cancelled", error: null })
    expect(agent.status(0).loginProblem).not.toBeNull()
    agent.turnEnded({ status, error: null })
    expect(agent.status(0).loginProblem).toBeNull()
  })
})
