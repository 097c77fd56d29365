/**
 * - `no_rights`: the same command works for somebody else; the message says how.
 * - `unavailable`: this machine has no service manager that can be used.
 * - `failure`: everything else.
 */
export type ServiceErrorKind = "no_rights" | "unavailable" | "failure"

/** A service of the machine cannot be set up or changed; the message says why and what to type. */
export class ServiceError extends Error {
  readonly kind: ServiceErrorKind

  constructor(kind: ServiceErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = "ServiceError"
    this.kind = kind
  }
}
