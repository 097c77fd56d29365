import type { Socket } from "node:net"
import { SharedRoom } from "../../domain/shared-room.ts"
import type { BoundLog } from "./bounds.ts"
import { isOnThisMachine, partyOf, readAddress } from "./client-address.ts"
import { type ConnectionRefusal, EndedSockets } from "./error-answer.ts"

/** A connection that was idle for less may have a request on its way that nobody has read yet. */
const minIdleMs = 1000
/** Connections kept for this machine, beyond the limit. */
export const ownReserve = 64

export interface ConnectionLimits {
  /** Connections that are served. */
  readonly connections: number
  /** Connections that may be open, those included that are only told that there is no room. */
  readonly open: number
}

interface Entry {
  readonly socket: Socket
  /** Whose share it counts in. */
  readonly party: string
  readonly isOfThisMachine: boolean
  /** It is one of those that are served. */
  isAdmitted: boolean
  requests: number
  idleSince: number
}

export interface ConnectionsOptions {
  readonly limits: ConnectionLimits
  /** A proxy speaks for many: its connections are in nobody's share. */
  readonly isProxy: (address: string) => boolean
  readonly bounds: BoundLog
  /** A clock in milliseconds. */
  readonly now?: () => number
}

/**
 * All connections of a server. Where there is no room for a new one, the one goes that has been
 * idle for longest: of the same address where it is that address's share that is full. Where none
 * is idle, the new one is taken all the same, to be told so when it asks. Costs a request two
 * operations on a set.
 */
export class Connections {
  readonly endedSockets = new EndedSockets()
  readonly #options: ConnectionsOptions
  readonly #now: () => number
  readonly #entries = new Map<Socket, Entry>()
  /** Served connections without a request, longest idle first: of all, and by party. */
  readonly #idle = new Set<Entry>()
  readonly #idleOf = new Map<string, Set<Entry>>()
  /** Those that are not served, longest open first. */
  readonly #waiting = new Set<Entry>()
  readonly #room: SharedRoom
  #admitted = 0

  constructor(options: ConnectionsOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#room = new SharedRoom(options.limits.connections, null)
  }

  /** Open connections, those that wait for room included. */
  get size(): number {
    return this.#entries.size
  }

  /** False: nothing can be done for it, not even reading what it asks. */
  opened(socket: Socket): boolean {
    const address = readAddress(socket.remoteAddress ?? "") ?? ""
    const isOfThisMachine = isOnThisMachine(socket)
    const isShared = isOfThisMachine || this.#options.isProxy(address)
    const entry: Entry = {
      socket,
      party: isShared ? "" : partyOf(address),
      isOfThisMachine,
      isAdmitted: false,
      requests: 0,
      idleSince: this.#now(),
    }
    if (this.#entries.size >= this.#options.limits.open && !this.#dropWaiting()) {
      this.#tell("all", entry)
      return false
    }
    this.#entries.set(socket, entry)
    if (this.#admit(entry) === null) this.#setIdle(entry)
    else this.#waiting.add(entry)
    socket.once("close", () => this.#closed(entry))
    return true
  }

  /** A request begins; why it is not to be served, or null. `ended` follows either way. */
  began(socket: Socket): ConnectionRefusal | null {
    const entry = this.#entries.get(socket)
    if (entry === undefined) return "all"
    if (entry.requests === 0) this.#unsetIdle(entry)
    entry.requests += 1
    if (entry.isAdmitted) return null
    const refusal = this.#admit(entry)
    if (refusal === null) this.#waiting.delete(entry)
    else this.#tell(refusal, entry)
    return refusal
  }

  /** Its answer is out, or nobody waits for it any more. */
  ended(socket: Socket): void {
    const entry = this.#entries.get(socket)
    if (entry === undefined) return
    entry.requests -= 1
    if (entry.requests > 0) return
    entry.idleSince = this.#now()
    if (entry.isAdmitted) this.#setIdle(entry)
  }

  #admit(entry: Entry): ConnectionRefusal | null {
    const refusal = this.#refusalFor(entry)
    if (refusal !== null && !this.#dropIdle(refusal, entry)) return refusal
    entry.isAdmitted = true
    this.#admitted += 1
    if (entry.party !== "") this.#room.take(entry.party)
    return null
  }

  #refusalFor({ party, isOfThisMachine }: Entry): ConnectionRefusal | null {
    const { connections } = this.#options.limits
    if (this.#admitted >= connections + (isOfThisMachine ? ownReserve : 0)) return "all"
    return party !== "" && this.#room.refusal(party) === "share" ? "address" : null
  }

  /** Makes room for one; false: nothing is idle for long enough. */
  #dropIdle(refusal: ConnectionRefusal, { party }: Entry): boolean {
    const [longest] = (refusal === "all" ? this.#idle : this.#idleOf.get(party)) ?? []
    if (longest === undefined || this.#now() - longest.idleSince < minIdleMs) return false
    this.#options.bounds.met("connections", { dropped: "idle", open: this.size, address: nameOf(longest) })
    this.#drop(longest)
    return true
  }

  #dropWaiting(): boolean {
    const [longest] = this.#waiting
    if (longest === undefined || longest.requests > 0) return false
    if (this.#now() - longest.idleSince < minIdleMs) return false
    this.#drop(longest)
    return true
  }

  #drop(entry: Entry): void {
    this.#closed(entry)
    entry.socket.destroy()
  }

  #closed(entry: Entry): void {
    if (!this.#entries.delete(entry.socket)) return
    this.#waiting.delete(entry)
    if (!entry.isAdmitted) return
    this.#unsetIdle(entry)
    this.#admitted -= 1
    if (entry.party !== "") this.#room.give(entry.party)
  }

  #setIdle(entry: Entry): void {
    this.#idle.add(entry)
    if (entry.party === "") return
    const own = this.#idleOf.get(entry.party)
    if (own === undefined) this.#idleOf.set(entry.party, new Set([entry]))
    else own.add(entry)
  }

  #unsetIdle(entry: Entry): void {
    this.#idle.delete(entry)
    const own = this.#idleOf.get(entry.party)
    if (own?.delete(entry) === true && own.size === 0) this.#idleOf.delete(entry.party)
  }

  #tell(refusal: ConnectionRefusal, entry: Entry): void {
    const bound = refusal === "all" ? "connections" : "connections of one address"
    this.#options.bounds.met(bound, { dropped: "new", open: this.size, address: nameOf(entry) })
  }
}

function nameOf({ party }: Entry): string {
  return party === "" ? "this machine or a proxy" : party
}
