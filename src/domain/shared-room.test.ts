import { describe, expect, it } from "vitest"
import { SharedRoom } from "./shared-room.ts"

/** Takes as much as there is for this caller; how much it holds then. */
function fill(room: SharedRoom, caller: string): number {
  while (room.refusal(caller) === null) room.take(caller)
  return room.heldBy(caller)
}

describe("room that several callers share", () => {
  it("gives all of it to the one caller that there is", () => {
    const room = new SharedRoom(8, 1)
    expect(fill(room, "ann")).toBe(8)
    expect(room.refusal("ann")).toBe("all")
  })

  it("gives half to a caller that wants all, and the other half to the other", () => {
    const room = new SharedRoom(512, 2)
    expect(fill(room, "ann")).toBe(256)
    expect(room.refusal("ann")).toBe("share")
    expect(fill(room, "bob")).toBe(256)
  })

  it("gives each of many that want all as much as the others", () => {
    const room = new SharedRoom(512, 50)
    const callers = Array.from({ length: 50 }, (_, index) => `caller ${index}`)
    for (let round = 0; round < 512; round += 1) {
      for (const caller of callers) if (room.refusal(caller) === null) room.take(caller)
    }
    for (const caller of callers) expect(room.heldBy(caller)).toBeGreaterThanOrEqual(10)
  })

  it("gives whoever had more than its part nothing again, as long as others want theirs", () => {
    const room = new SharedRoom(12, 4)
    expect(fill(room, "ann")).toBe(6)
    fill(room, "bob")
    fill(room, "carol")
    room.give("ann", 2)
    expect(room.refusal("ann")).toBe("share")
    expect(fill(room, "dave")).toBe(2)
  })

  it("leaves room for whoever comes where nobody knows how many there can be", () => {
    const room = new SharedRoom(100, null)
    for (const caller of ["a", "b", "c"]) fill(room, caller)
    expect(room.refusal("newcomer")).toBeNull()
  })

  it("serves a single caller at a time where there is room for one only", () => {
    const room = new SharedRoom(1, 2)
    expect(fill(room, "ann")).toBe(1)
    expect(room.refusal("bob")).toBe("all")
    room.give("ann")
    expect(fill(room, "bob")).toBe(1)
  })

  it("knows nothing any more of who has given all back", () => {
    const room = new SharedRoom(10, 2)
    room.take("ann", 3)
    room.give("ann", 3)
    expect(room.used).toBe(0)
    expect(fill(room, "ann")).toBe(5)
  })
})
