import { ProxyError } from "../domain/errors.ts"
import { SharedRoom } from "../domain/shared-room.ts"
import type { BoundLog } from "./bound-log.ts"
import { type ClientAddress, partyOf } from "./client-address.ts"

const forOthers = "are left for all others"

/**
 * Bounds the requests that one caller has under way, streams and WebSockets included, and those of one address behind a proxy:
 * as connections, these are all the proxy's.
 */
export class RequestRooms {
  readonly #byCaller: SharedRoom
  readonly #byAddress: SharedRoom
  readonly #bounds: BoundLog

  constructor(limit: number, callers: number, bounds: BoundLog) {
    this.#byCaller = new SharedRoom(limit, callers)
    this.#byAddress = new SharedRoom(limit, null)
    this.#bounds = bounds
  }

  /** Throws `queue_full`. What comes back is to be called when the request is over; safe twice. */
  enter(principal: string, { address, isBehindProxy }: ClientAddress): () => void {
    const party = isBehindProxy && address !== null ? partyOf(address) : null
    const ofCaller = this.#byCaller.refusal(principal)
    if (ofCaller === "all") throw this.#full("requests", "There are", "are taken", { principal })
    if (ofCaller === "share") {
      throw this.#full("requests of one caller", "Your key has", forOthers, { principal })
    }
    if (party !== null && this.#byAddress.refusal(party) !== null) {
      throw this.#full("requests of one address", "Your address has", forOthers, { address: party })
    }
    this.#byCaller.take(principal)
    if (party !== null) this.#byAddress.take(party)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#byCaller.give(principal)
      if (party !== null) this.#byAddress.give(party)
    }
  }

  #full(bound: string, who: string, asMany: string, fields: Readonly<Record<string, unknown>>): ProxyError {
    this.#bounds.met(bound, fields)
    return new ProxyError(
      "queue_full",
      `${who} as many requests under way as ${asMany} (limits.connections). Try again in a few seconds.`,
      { retryAfterSeconds: 5 },
    )
  }
}
