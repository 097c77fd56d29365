/**
 * Documented in docs/cli.md; those from 64 to 78 are of sysexits(3). `no_rights` and `unavailable`
 * are kinds of `ServiceError`.
 */
export const exitCodes = {
  failure: 1,
  usage: 2,
  unavailable: 69,
  no_rights: 77,
  configuration: 78,
  interrupted: 130,
} as const

/** The command line was wrong, as only the command itself can tell; the message is for people. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = "UsageError"
  }
}
