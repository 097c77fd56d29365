import { messageOf } from "../domain/errors.ts"
import type { LaterPart } from "../domain/later-part.ts"
import { schemaWorker } from "../engine/answer/schema-worker.ts"
import { openApiModule } from "../http/resources/discovery-routes.ts"
import { webSocketLibrary } from "../http/turns/websocket-endpoint.ts"
import type { ServiceLog } from "./service-log.ts"

/** Everything of the program that is not in memory when it listens. */
const laterParts: readonly LaterPart<unknown>[] = [webSocketLibrary, openApiModule, schemaWorker]

/** By then the start is over, its turns and its first requests are served; an upgrade is not yet likely. */
const afterMs = 1000

/**
 * Brings the rest of the program into memory once the service has been up for a moment: an upgrade may take its files from
 * then on. Returns what calls it off.
 */
export function loadLaterParts(log: ServiceLog): () => void {
  const timer = setTimeout(() => void load(log), afterMs)
  timer.unref()
  return () => clearTimeout(timer)
}

async function load(log: ServiceLog): Promise<void> {
  try {
    // One after the other: a request may come in between.
    for (const part of laterParts) await part.get()
    log.debug({}, "the whole program is in memory")
  } catch (error) {
    log.warn({ err: error }, `a part of the program cannot be loaded: ${messageOf(error)}`)
  }
}
