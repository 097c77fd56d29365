import { describe, expect, it } from "vitest"
import { ProxyError } from "../../domain/errors.ts"
import { type Seat, TurnQueue } from "./turn-queue.ts"

const limits = { turnsPerAgent: 8, turnsTotal: 12 }

/** Asks until the queue is full for this caller; its turns and why there are no more. */
function fill(queue: TurnQueue, principal: string, agentId = "manager"): { seats: Seat[]; refusal: string } {
  const seats: Seat[] = []
  for (;;) {
    try {
      seats.push(queue.admit(principal, agentId))
    } catch (error) {
      if (error instanceof ProxyError && error.code === "queue_full") return { seats, refusal: error.message }
      throw error
    }
  }
}

describe("the turn queue", () => {
  it("takes as many turns of a single caller as an agent takes, and names the bound", () => {
    const { seats, refusal } = fill(new TurnQueue(limits, 1), "owner")
    expect(seats).toHaveLength(8)
    expect(refusal).toContain("Agent 'manager' has as many turns running and waiting as it takes")
    expect(refusal).toContain("limits.turns_per_agent")
  })

  it("keeps half of an agent's turns for other callers, and says so", () => {
    const queue = new TurnQueue(limits, 2)
    const { seats, refusal } = fill(queue, "ann")
    expect(seats).toHaveLength(4)
    expect(refusal).toContain("You have 4 of the 8 turns that agent 'manager' takes")
    expect(fill(queue, "bob").seats).toHaveLength(4)
  })

  it("keeps half of all turns for other callers, whichever agents they are asked of", () => {
    const queue = new TurnQueue(limits, 2)
    fill(queue, "ann", "manager")
    const { seats, refusal } = fill(queue, "ann", "engineer_alice")
    expect(seats).toHaveLength(2)
    expect(refusal).toContain("You have 6 of the 12 turns that the service takes")
    expect(refusal).toContain("limits.turns_total")
  })

  it("gives the room of a turn back once, however often it is left", () => {
    const queue = new TurnQueue(limits, 1)
    const { seats } = fill(queue, "owner")
    const place = seats[0]?.enter("thread")
    place?.leave()
    place?.leave()
    seats[0]?.leave()
    expect(queue.countOf("manager")).toBe(7)
    expect(queue.total).toBe(7)
  })

  it("takes the outputs that a turn waits for, full or not, once at a time", () => {
    const queue = new TurnQueue(limits, 1)
    fill(queue, "owner")
    const seat = queue.admit("owner", "manager", "turn_1")
    expect(() => queue.admit("owner", "manager", "turn_1")).toThrow("Agent 'manager'")
    seat.leave()
    queue.admit("owner", "manager", "turn_1").leave()
  })

  it("takes turns of an earlier run that had a place, whatever the bounds are now", () => {
    const queue = new TurnQueue({ turnsPerAgent: 1, turnsTotal: 1 }, 2)
    queue.readmit("ann", "manager")
    queue.readmit("ann", "manager")
    expect(queue.total).toBe(2)
  })

  it("runs turns of one thread one after the other, and passes over one that left", async () => {
    const queue = new TurnQueue(limits, 1)
    const [first, second, third] = [1, 2, 3].map(() => queue.admit("owner", "manager").enter("thread"))
    await first?.turnToRun
    second?.leave()
    first?.leave()
    await third?.turnToRun
  })
})
