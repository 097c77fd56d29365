import { readFileSync, writeFileSync } from "node:fs"

/** Memory is read from `/proc`: rows about it are measured on Linux only. */
export const hasMemoryFigures = process.platform === "linux"

const megabyte = 1024 * 1024

/** Resident memory of a process now, in MB. */
export function residentMb(pid: number): number {
  return statusField(pid, "VmRSS")
}

/** Largest resident memory since `resetPeak`, in MB: no sampling, so no peak is missed. */
export function peakMb(pid: number): number {
  return statusField(pid, "VmHWM")
}

export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5")
}

function statusField(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)
  if (match === null) throw new Error(`no ${name} of process ${pid}`)
  return (Number(match[1]) * 1024) / megabyte
}
