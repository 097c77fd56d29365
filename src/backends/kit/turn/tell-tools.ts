import { setTimeout as delay } from "node:timers/promises"
import type { FunctionTool } from "../../../domain/backend.ts"
import type { ToolChannel } from "../../../domain/tool-endpoint.ts"

/** How long a running CLI may take to ask for the new list of functions; measured: 5 to 300 ms. */
const listMs = 3_000
/** It has the list then, and has still to put it into what it shows its model: measured, at most 30 ms. */
const takeInMs = 100

/**
 * Tells a running CLI that the functions of a channel are others from now on. False: it has no channel or did not ask for
 * them, so it has to be told by starting its session with them.
 */
export async function tellTools(
  channel: ToolChannel | null,
  tools: readonly FunctionTool[],
): Promise<boolean> {
  if (channel === null || !(await channel.setTools(tools, listMs))) return false
  await delay(takeInMs)
  return true
}
