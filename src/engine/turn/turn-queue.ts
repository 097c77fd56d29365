import { ProxyError } from "../../domain/errors.ts"
import { SharedRoom } from "../../domain/shared-room.ts"

interface Waiting {
  readonly start: () => void
}

interface Lane {
  readonly waiting: Waiting[]
}

export interface TurnLimits {
  readonly turnsPerAgent: number
  readonly turnsTotal: number
}

/** A turn that was let in, and has no thread yet. */
export interface Seat {
  /** To be called once at most. Its place is left with the seat, and the seat with its place. */
  enter(threadId: string): QueuePlace
  /** Safe twice. */
  leave(): void
}

/** A place in the queue; leaving it gives the thread to whoever is next. */
export interface QueuePlace {
  /** Resolves when the turn may run. Never rejects; does not resolve once `leave` was called. */
  readonly turnToRun: Promise<void>
  /** Nobody was before it. */
  readonly isFirst: boolean
  /** Called exactly when the turn is over or no longer wanted. Safe twice. */
  leave(): void
}

/**
 * One turn at a time per thread, first come first served; bounded per agent and in all, and within
 * both by caller, so that nobody's turns keep another caller's out.
 */
export class TurnQueue {
  readonly #lanes = new Map<string, Lane>()
  readonly #limits: TurnLimits
  readonly #callers: number
  readonly #room: SharedRoom
  readonly #agentRooms = new Map<string, SharedRoom>()
  /** Waiting turns whose outputs came, until the turn that brings them is over. */
  readonly #due = new Set<string>()

  /** `callers`: principals that can ask for turns. */
  constructor(limits: TurnLimits, callers: number) {
    this.#limits = limits
    this.#callers = callers
    this.#room = new SharedRoom(limits.turnsTotal, callers)
  }

  get total(): number {
    return this.#room.used
  }

  /** Running and waiting turns of one agent. */
  countOf(agentId: string): number {
    return this.#agentRooms.get(agentId)?.used ?? 0
  }

  /**
   * Lets a turn in, before anything is done for it; throws `queue_full`, which names the bound.
   * `dueTurnId`: it brings a turn that waits what it waits for. That one is there already, and
   * holds a thread of its CLI: it is let in once, full or not.
   */
  admit(principal: string, agentId: string, dueTurnId: string | null = null): Seat {
    const isDue = dueTurnId !== null && !this.#due.has(dueTurnId)
    if (!isDue) this.#assertRoom(principal, agentId)
    return this.#seat(principal, agentId, isDue ? dueTurnId : null)
  }

  /** Lets a turn in that was let in before a restart. */
  readmit(principal: string, agentId: string): Seat {
    return this.#seat(principal, agentId, null)
  }

  #seat(principal: string, agentId: string, dueTurnId: string | null): Seat {
    const agentRoom = this.#roomOf(agentId)
    this.#room.take(principal)
    agentRoom.take(principal)
    if (dueTurnId !== null) this.#due.add(dueTurnId)
    let hasLeft = false
    let leaveLane: () => void = () => {}
    const leave = (): void => {
      if (hasLeft) return
      hasLeft = true
      this.#room.give(principal)
      agentRoom.give(principal)
      if (agentRoom.used === 0) this.#agentRooms.delete(agentId)
      if (dueTurnId !== null) this.#due.delete(dueTurnId)
      leaveLane()
    }
    return {
      leave,
      enter: (threadId) => {
        const place = this.#enterLane(threadId)
        leaveLane = place.leave
        return { ...place, leave }
      },
    }
  }

  #enterLane(threadId: string): QueuePlace {
    let isRunning = false
    let start: () => void = () => {}
    const turnToRun = new Promise<void>((resolve) => {
      start = resolve
    })
    const place: Waiting = {
      start: () => {
        isRunning = true
        start()
      },
    }
    const lane = this.#lanes.get(threadId)
    if (lane === undefined) {
      this.#lanes.set(threadId, { waiting: [] })
      place.start()
    } else {
      lane.waiting.push(place)
    }
    return {
      turnToRun,
      isFirst: lane === undefined,
      leave: () => {
        if (isRunning) this.#startNext(threadId)
        else this.#remove(threadId, place)
      },
    }
  }

  #roomOf(agentId: string): SharedRoom {
    let room = this.#agentRooms.get(agentId)
    if (room === undefined) {
      room = new SharedRoom(this.#limits.turnsPerAgent, this.#callers)
      this.#agentRooms.set(agentId, room)
    }
    return room
  }

  #assertRoom(principal: string, agentId: string): void {
    const { turnsPerAgent, turnsTotal } = this.#limits
    const agentRoom = this.#agentRooms.get(agentId)
    const ofAgent = agentRoom?.refusal(principal) ?? null
    const ofAll = ofAgent === null ? this.#room.refusal(principal) : null
    if (ofAgent === "all")
      throw full(`Agent '${agentId}' has as many turns running and waiting as it takes`, "per_agent")
    if (ofAll === "all") throw full("The service has as many turns running and waiting as it takes", "total")
    if (ofAgent === "share") {
      const share = `${agentRoom?.heldBy(principal)} of the ${turnsPerAgent} turns that agent '${agentId}' takes`
      throw full(`You have ${share}; the rest is kept for other callers`, "per_agent")
    }
    if (ofAll === "share") {
      const share = `${this.#room.heldBy(principal)} of the ${turnsTotal} turns that the service takes`
      throw full(`You have ${share}; the rest is kept for other callers`, "total")
    }
  }

  #startNext(threadId: string): void {
    const next = this.#lanes.get(threadId)?.waiting.shift()
    if (next === undefined) this.#lanes.delete(threadId)
    else next.start()
  }

  #remove(threadId: string, place: Waiting): void {
    const waiting = this.#lanes.get(threadId)?.waiting
    const index = waiting?.indexOf(place) ?? -1
    if (index >= 0) waiting?.splice(index, 1)
  }
}

function full(what: string, bound: "per_agent" | "total"): ProxyError {
  return new ProxyError("queue_full", `${what} (limits.turns_${bound}). Try again in a few seconds.`, {
    retryAfterSeconds: 5,
  })
}
