import { readdirSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { residentMb } from "../../../bench/support/memory.ts"

const quietMs = 500
const quietTimeoutMs = 10_000

/** What a process holds. */
export interface ProcessFigures {
  readonly residentMb: number
  readonly openFiles: number
}

export function figuresOf(pid: number): ProcessFigures {
  return { residentMb: residentMb(pid), openFiles: readdirSync(`/proc/${pid}/fd`).length }
}

/** The same once it is quiet: connections that were just ended are closed a moment later. */
export async function quietFiguresOf(pid: number): Promise<ProcessFigures> {
  const deadline = performance.now() + quietTimeoutMs
  for (let last = figuresOf(pid); ; ) {
    await delay(quietMs)
    const now = figuresOf(pid)
    if (now.openFiles === last.openFiles || performance.now() > deadline) return now
    last = now
  }
}
