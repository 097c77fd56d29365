import type { CliExit } from "./cli-process.ts"

/** A process that ended otherwise than it should, in words for people. */
export function exitReason({ code, signal, startError }: CliExit): string {
  if (startError !== null) return `could not be started: ${startError.message}`
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
}

const maxTailLines = 6
const maxTailLength = 1_500

/** The last lines of stderr, which is where programs say why they gave up. */
export function reasonWithTail(reason: string, stderrTail: string): string {
  const tail = stderrTail.trim().split("\n").slice(-maxTailLines).join("\n").slice(-maxTailLength)
  return tail === "" ? reason : `${reason}: ${tail.toWellFormed()}`
}
