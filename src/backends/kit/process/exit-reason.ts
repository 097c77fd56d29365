export interface CliExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Set when there never was a process. */
  readonly startError: Error | null
}

/** A process that ended otherwise than it should, in words of ours. */
export function exitReason({ code, signal, startError }: CliExit): string {
  // Only the code: its message holds the path.
  if (startError !== null)
    return `could not be started (${"code" in startError ? String(startError.code) : startError.name})`
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
}

const maxTailLines = 6
const maxTailLength = 1_500

/** The last lines of stderr, which is where programs say why they gave up. */
export function reasonWithTail(reason: string, stderrTail: string): string {
  const tail = stderrTail.trim().split("\n").slice(-maxTailLines).join("\n").slice(-maxTailLength)
  return tail === "" ? reason : `${reason}: ${tail.toWellFormed()}`
}
