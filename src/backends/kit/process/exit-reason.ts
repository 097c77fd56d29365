import type { CliExit } from "./cli-process.ts"

/** A process that ended otherwise than it should, in words of ours. */
export function exitReason({ code, signal, startError }: CliExit): string {
  if (startError !== null) return couldNotStart(startError)
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
}

/** Only the code: its message holds the path. */
export function couldNotStart(error: Error): string {
  return `could not be started (${"code" in error ? String(error.code) : error.name})`
}

const maxTailLines = 6
const maxTailLength = 1_500

/** The last lines of stderr, which is where programs say why they gave up. */
export function reasonWithTail(reason: string, stderrTail: string): string {
  const tail = stderrTail.trim().split("\n").slice(-maxTailLines).join("\n").slice(-maxTailLength)
  return tail === "" ? reason : `${reason}: ${tail.toWellFormed()}`
}
