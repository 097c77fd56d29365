import { beforeEach, describe, expect, it } from "vitest"
import type { Item } from "../../domain/items.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { IdempotencyRecord } from "../../domain/store.ts"
import type { Member } from "../agents/agent.ts"
import { RestoredResponses, restoreResponse } from "../log/restored-responses.ts"
import {
  type IdempotencyLedger,
  type IdempotencyOptions,
  IdempotentRuns,
  idempotencyMs,
} from "./idempotency.ts"

function record(id: string): ResponseRecord {
  return {
    id,
    kind: "response",
    principal: "owner",
    agentId: "manager",
    previousResponseId: null,
    isStored: true,
    isBackground: false,
    echo: {},
    createdAt: 0,
    status: "completed",
    completedAt: 1,
    error: null,
    usage: null,
    output: [],
  }
}

/** Of the name that is asked for; nothing but its identity is looked at. */
function member(identity: string): Member {
  return {
    id: "manager",
    identity,
    name: "manager",
    workspace: "/nowhere",
    agent: null,
    claim: () => Promise.reject(new Error("not asked")),
    status: () => {
      throw new Error("not asked")
    },
  }
}

/** The methods of the ledger that are asked. */
class FakeLedger implements IdempotencyLedger {
  known: (IdempotencyRecord & { principal: string }) | null = null
  answers = new Map<string, ResponseRecord>()

  async findIdempotent(principal: string, key: string): Promise<IdempotencyRecord | null> {
    return this.known?.principal === principal && this.known.key === key ? this.known : null
  }

  async findAnswer(_principal: string, id: string): Promise<ResponseRecord | null> {
    return this.answers.get(id) ?? null
  }

  async readLog(): Promise<[]> {
    return []
  }

  async findTurnOfResponse(): Promise<null> {
    return null
  }

  async findThread(): Promise<null> {
    return null
  }
}

describe("requests under a key", () => {
  const request = { principal: "owner", key: "k", requestHash: "h", isKept: false }
  let ledger: FakeLedger
  let now: number
  let runs: IdempotentRuns
  let started: number
  let members: readonly Member[]

  beforeEach(() => {
    ledger = new FakeLedger()
    now = 1_000
    started = 0
    members = []
    const options: IdempotencyOptions = {
      store: ledger,
      running: () => undefined,
      now: () => now,
      restored: new RestoredResponses(),
      members: () => members,
    }
    runs = new IdempotentRuns(options)
  })

  async function start(): Promise<LiveResponse> {
    started += 1
    return restoreResponse(record(`resp_${started}`), [])
  }

  async function refused(): Promise<LiveResponse> {
    throw new Error("refused")
  }

  it("run once, at the same time and one after the other", async () => {
    const both = await Promise.all([runs.run(request, start), runs.run(request, start)])
    const later = await runs.run(request, start)
    expect([...both, later].map(({ id }) => id)).toEqual(["resp_1", "resp_1", "resp_1"])
  })

  it("run for each principal", async () => {
    await runs.run(request, start)
    expect((await runs.run({ ...request, principal: "other" }, start)).id).toBe("resp_2")
  })

  it("are refused where they are others, also while the first is under way", async () => {
    const other = { ...request, requestHash: "other" }
    const first = runs.run(request, start)
    await expect(runs.run(other, start)).rejects.toMatchObject({ code: "idempotency_key_reused" })
    await first
    await expect(runs.run(other, start)).rejects.toMatchObject({ code: "idempotency_key_reused" })
    expect(started).toBe(1)
  })

  it("free their key when they were refused before anything ran", async () => {
    const first = runs.run(request, refused)
    const other = runs.run({ ...request, requestHash: "other" }, start)
    await expect(first).rejects.toThrow("refused")
    expect((await other).id).toBe("resp_1")
  })

  it("mean a new request when they are forgotten", async () => {
    await runs.run(request, start)
    now += idempotencyMs + 1
    expect((await runs.run({ ...request, requestHash: "other" }, start)).id).toBe("resp_2")
  })

  it("mean a new request when they are forgotten, also where another agent has the name", async () => {
    members = [member("agent-1")]
    await runs.run(request, start)
    await new Promise(setImmediate) // It is over, and held as such.
    members = [member("agent-2")]
    await expect(runs.run(request, start)).rejects.toThrow("an earlier agent of the name 'manager'")
    now += idempotencyMs + 1
    expect((await runs.run(request, start)).id).toBe("resp_2")
  })

  it("are held in a bounded number where nothing is left of them in the ledger: the newest 256", async () => {
    for (let index = 0; index < 300; index += 1) await runs.run({ ...request, key: `k${index}` }, start)
    expect((await runs.run({ ...request, key: "k44" }, start)).id).toBe("resp_45")
    expect((await runs.run({ ...request, key: "k43" }, start)).id).toBe("resp_301")
  })

  it("are held in a bounded size: the newest always, older ones as long as there is room", async () => {
    const text = "x".repeat(6 * 1024 * 1024)
    const startLong = async () => {
      started += 1
      const output = [
        {
          type: "message",
          id: "m",
          role: "assistant",
          content: [{ type: "text", text }],
          phase: null,
          status: "completed",
        },
      ] as const
      return restoreResponse({ ...record(`resp_${started}`), output }, [])
    }
    const run = async (key: string) => (await runs.run({ ...request, key }, startLong)).id
    await run("a")
    await run("b")
    await run("c")
    expect(await run("b")).toBe("resp_2")
    expect(await run("c")).toBe("resp_3")
    expect(await run("a")).toBe("resp_4")
  })

  it("are found in the ledger, and read by all who ask again from one copy", async () => {
    ledger.known = { principal: "owner", key: "k", requestHash: "h", responseId: "resp_old", createdAt: 900 }
    ledger.answers.set("resp_old", record("resp_old"))
    const kept = { ...request, isKept: true }
    const first = await runs.run(kept, start)
    await new Promise(setImmediate) // It is over, and held here no more.
    const second = await runs.run(kept, start)
    expect(second.log).toBe(first.log)
  })

  it("are found in the ledger, unless their answer was deleted or they are too old", async () => {
    ledger.known = { principal: "owner", key: "k", requestHash: "h", responseId: "resp_old", createdAt: 900 }
    ledger.answers.set("resp_old", record("resp_old"))
    const kept = { ...request, isKept: true }
    expect((await runs.run(kept, start)).id).toBe("resp_old")
    await expect(runs.run({ ...kept, requestHash: "other" }, start)).rejects.toMatchObject({
      code: "idempotency_key_reused",
    })
    ledger.answers.clear()
    await expect(runs.run(kept, start)).rejects.toThrow(/deleted/)
    now += idempotencyMs
    expect((await runs.run(kept, start)).id).toBe("resp_1")
  })
})

describe("requests of a client that repeats by itself", () => {
  const first = {
    principal: "owner",
    key: "repeat of h",
    requestHash: "h",
    isKept: false,
    attempt: "first",
  } as const
  const repeat = { ...first, attempt: "repeat" } as const
  const command: Item = {
    type: "command",
    id: "mcp_1",
    command: "make",
    cwd: null,
    output: "",
    exitCode: 0,
    status: "completed",
  }
  const minute = 60_000
  let ledger: FakeLedger
  let now: number
  let members: readonly Member[]
  let runs: IdempotentRuns
  let started: number

  beforeEach(() => {
    ledger = new FakeLedger()
    now = 100 * minute
    started = 0
    members = []
    runs = new IdempotentRuns({
      store: ledger,
      running: () => undefined,
      now: () => now,
      restored: new RestoredResponses(),
      members: () => members,
    })
  })

  /** A turn that is over, unless it is said to run; it ended just now. */
  function starting(fields: Partial<ResponseRecord> = {}) {
    return async (): Promise<LiveResponse> => {
      started += 1
      const turn = { ...record(`resp_${started}`), completedAt: now, ...fields }
      if (turn.status !== "running") return restoreResponse(turn, [])
      return { ...restoreResponse(turn, []), finished: new Promise(() => {}) }
    }
  }

  const failedWith = (output: readonly Item[]) => ({
    status: "failed" as const,
    error: { code: "model_error", message: "No.", modelStatus: 500 },
    output,
  })

  it("are turns of their own, however equal they are; a repeat joins the newest", async () => {
    const both = await Promise.all([
      runs.run(first, starting({ status: "running" })),
      runs.run(first, starting({ status: "running" })),
    ])
    expect(both.map(({ id }) => id)).toEqual(["resp_1", "resp_2"])
    const repeats = await Promise.all([runs.run(repeat, starting()), runs.run(repeat, starting())])
    expect(repeats.map(({ id }) => id)).toEqual(["resp_2", "resp_2"])
    expect((await runs.run({ ...repeat, principal: "other" }, starting())).id).toBe("resp_3")
  })

  it("join a turn that is still being planned", async () => {
    const planned = Promise.withResolvers<LiveResponse>()
    const begun = runs.run(first, () => planned.promise)
    const joined = runs.run(repeat, starting())
    planned.resolve(await starting({ status: "running" })())
    expect((await joined).id).toBe((await begun).id)
  })

  it.each([
    ["completed", { status: "completed" as const }],
    ["failed behind a command", failedWith([command])],
    ["was interrupted behind a command", { status: "cancelled" as const, output: [command] }],
  ])("join a turn that %s, for a quarter of an hour", async (_how, fields) => {
    await runs.run(first, starting(fields))
    await new Promise(setImmediate) // It is over, and held as such.
    now += 15 * minute
    expect((await runs.run(repeat, starting())).id).toBe("resp_1")
    now += 1
    expect((await runs.run(repeat, starting())).id).toBe("resp_2")
  })

  it.each([
    ["failed before it did anything", failedWith([])],
    ["was interrupted before it did anything", { status: "cancelled" as const }],
  ])("begin anew where the turn %s", async (_how, fields) => {
    await runs.run(first, starting(fields))
    expect((await runs.run(repeat, starting())).id).toBe("resp_2")
    await new Promise(setImmediate)
    expect((await runs.run(repeat, starting())).id).toBe("resp_2")
  })

  it("begin anew where the last attempt was refused, also when an equal one was answered before", async () => {
    await runs.run(first, starting())
    await new Promise(setImmediate)
    const refusal = runs.run(first, () => Promise.reject(new Error("refused")))
    await expect(refusal).rejects.toThrow("refused")
    expect((await runs.run(repeat, starting())).id).toBe("resp_2")
    expect((await runs.run(repeat, starting())).id).toBe("resp_2")
  })

  it("find their turn in the ledger, after a restart too, unless its agent is gone", async () => {
    const responseId = "resp_old"
    ledger.known = { principal: "owner", key: first.key, requestHash: "h", responseId, createdAt: now }
    ledger.answers.set(responseId, { ...record(responseId), ...failedWith([command]), completedAt: now })
    const kept = { ...repeat, isKept: true }
    expect((await runs.run(kept, starting())).id).toBe(responseId)
    ledger.answers.set(responseId, { ...record(responseId), ...failedWith([]), completedAt: now })
    expect((await runs.run(kept, starting())).id).toBe("resp_1")
  })

  it("belong to their agent, and not to the next one of that name", async () => {
    members = [member("agent-1")]
    await runs.run(first, starting())
    await new Promise(setImmediate)
    members = [member("agent-2")]
    expect((await runs.run(repeat, starting())).id).toBe("resp_2")
  })

  it("are held in a bounded number where nothing is left of them in the ledger", async () => {
    for (let index = 0; index < 300; index += 1) {
      await runs.run({ ...first, key: `repeat of ${index}` }, starting())
    }
    expect((await runs.run({ ...repeat, key: "repeat of 44" }, starting())).id).toBe("resp_45")
    expect((await runs.run({ ...repeat, key: "repeat of 43" }, starting())).id).toBe("resp_301")
  })
})
