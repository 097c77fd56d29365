import { readFileSync } from "node:fs"
import type { Config } from "../../config/config.ts"
import { principalsOf } from "../../config/settings.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import { SharedRoom } from "../../domain/shared-room.ts"
import { BoundLog, ByteBudget } from "./bounds.ts"
import { type ClientAddress, ClientAddresses, partyOf } from "./client-address.ts"
import { TurnClients } from "./client-connection.ts"
import { type ConnectionLimits, Connections, ownReserve } from "./connections.ts"
import { StalledReaders } from "./stalled-readers.ts"

/** What all ways into the service share: one budget each, whichever way is taken. */
export interface ServiceBounds {
  readonly addresses: ClientAddresses
  readonly bodies: ByteBudget
  readonly rooms: RequestRooms
  /** Of the port; the socket in the home is its owner's alone. */
  readonly connections: Connections
  readonly readers: StalledReaders
  /** Who waits for which turn. */
  readonly turns: TurnClients
  readonly log: BoundLog
}

export function createServiceBounds(
  config: Pick<Config, "apiKeys" | "limits" | "trustedProxies">,
  log: Log,
  openFiles = openFilesLimit(),
): ServiceBounds {
  const { limits, trustedProxies } = config
  const callers = principalsOf(config).size
  const bounds = new BoundLog(log)
  const addresses = new ClientAddresses(trustedProxies)
  const forConnections = connectionLimits(limits.connections, openFiles)
  const { connections } = forConnections
  if (connections < limits.connections) {
    const next = "raise `ulimit -n` (LimitNOFILE)"
    const problem = `so few files may be open that fewer connections are served; ${next}`
    log("warn", problem, { openFiles, connections, wanted: limits.connections })
  }
  return {
    addresses,
    bodies: new ByteBudget(limits.bodiesBytes, callers),
    rooms: new RequestRooms(connections + ownReserve, callers, bounds),
    connections: new Connections({
      limits: forConnections,
      isProxy: (address) => addresses.isTrusted(address),
      bounds,
    }),
    readers: new StalledReaders(limits, bounds),
    turns: new TurnClients(),
    log: bounds,
  }
}

const forOthers = "are left for all others"

/**
 * Bounds the requests that one caller has under way, streams and WebSockets included, and those of
 * one address behind a proxy: as connections, these are all the proxy's.
 */
class RequestRooms {
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

/**
 * How many files and sockets this process may have open; null: the system does not say (only Linux
 * does). Node raises its own soft limit to the hard one when it starts, so it is the one in force.
 */
export function openFilesLimit(read = () => readFileSync("/proc/self/limits", "utf8")): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(read()) ?? []
    return soft === undefined || soft === "unlimited" ? null : Number(soft)
  } catch {
    // Not there: not Linux, or a container that hides it.
    return null
  }
}

/** What agents' processes, the ledger and files need of the open files. */
const otherFiles = 512

/** A burst is told that there is no room, and not dropped: so many beyond those that are served. */
const burst = 1024

/** `wanted` connections, or as many as the open files allow. */
export function connectionLimits(wanted: number, openFiles: number | null): ConnectionLimits {
  const wantedOpen = wanted + Math.max(wanted, burst)
  if (openFiles === null) return { connections: wanted, open: wantedOpen }
  const forSockets = openFiles - Math.min(otherFiles, Math.floor(openFiles / 3))
  const connections = Math.max(1, Math.min(wanted, Math.floor((forSockets * 3) / 4)))
  return { connections, open: Math.min(wantedOpen, forSockets) }
}
