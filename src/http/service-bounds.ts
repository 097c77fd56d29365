import type { Config } from "../config/config.ts"
import { principalsOf } from "../config/principals.ts"
import type { Log } from "../domain/log.ts"
import { BoundLog } from "./bound-log.ts"
import { ByteBudget } from "./byte-budget.ts"
import { ClientAddresses } from "./client-address.ts"
import { Connections, ownReserve } from "./connections.ts"
import { connectionLimits, openFilesLimit } from "./open-files.ts"
import { RequestRooms } from "./request-rooms.ts"
import { StalledReaders } from "./stalled-readers.ts"

/** What all ways into the service share: one budget each, whichever way is taken. */
export interface ServiceBounds {
  readonly addresses: ClientAddresses
  readonly bodies: ByteBudget
  readonly rooms: RequestRooms
  /** Of the port; the socket in the home is its owner's alone. */
  readonly connections: Connections
  readonly readers: StalledReaders
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
    const wanted = limits.connections
    log(
      "warn",
      "so few files may be open that fewer connections are served; raise `ulimit -n` (LimitNOFILE)",
      {
        openFiles,
        connections,
        wanted,
      },
    )
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
    log: bounds,
  }
}
