import type { ChildProcess } from "node:child_process"

const quietMs = 100
const maxRounds = 10

/**
 * Resolves when what a process said last was read, which may be after its exit. `close` comes after it, unless a child of its
 * own holds the pipes open: then a silence ends the wait. `chunks`: how many were read so far.
 */
export async function drained(child: ChildProcess, chunks: () => number): Promise<void> {
  const closed = new Promise<true>((resolve) => {
    child.once("close", () => resolve(true))
  })
  for (let round = 0; round < maxRounds; round++) {
    const before = chunks()
    if (await Promise.race([closed, pause(quietMs)])) return
    if (chunks() === before) return
  }
}

/** Timers come before input in a turn of the event loop: after a long block the input must have had its chance, too. */
function pause(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => setImmediate(resolve, false), ms)
  })
}
