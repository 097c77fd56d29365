import { readFileSync, writeFileSync } from "node:fs"

/** Memory is read from `/proc`: rows about it are measured on Linux only. */
export const hasMemoryFigures = process.platform === "linux"

const megabyte = 1024 * 1024

/** Resident memory of a process now, in MB. */
export function residentMb(pid: number): number {
  return statusField(pid, "VmRSS")
}

/** Processor time of a process with all its threads since its start, in ms, without that of its children. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
  // Behind the name, which may have spaces: fields 14 and 15, in hundredths of a second.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) * 10
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
