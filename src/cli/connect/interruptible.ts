import { note } from "../context/command-io.ts"
import { exitCodes } from "../io/exit-codes.ts"

/** Ctrl-C interrupts the turn and ends the command. */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once("SIGINT", stop)
  process.once("SIGTERM", stop)
  try {
    return await work(stopping.signal)
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    note("Interrupted.")
    return exitCodes.interrupted
  } finally {
    process.off("SIGINT", stop)
    process.off("SIGTERM", stop)
  }
}
