import { printedText } from "../../domain/printed-text.ts"
import { ServiceError } from "./service-error.ts"

/** One line of `doctor`; its message may quote programs, without what a terminal would obey. */
export interface HealthCheck {
  /** Stable: `node`, `home`, `cli`, ... */
  readonly name: string
  readonly status: "ok" | "warning" | "failure"
  readonly message: string
  /** What to type or do; null when nothing is to be done. */
  readonly next: string | null
}

export function ok(name: string, message: string): HealthCheck {
  return { name, status: "ok", message: printedText(message), next: null }
}

export function warning(name: string, message: string, next: string): HealthCheck {
  return { name, status: "warning", message: printedText(message), next }
}

export function failure(name: string, message: string, next: string | null): HealthCheck {
  return { name, status: "failure", message: printedText(message), next }
}

/** For what a look at the service threw, in one line; throws again what is no `ServiceError`. */
export function failureFrom(name: string, error: unknown, next: string): HealthCheck {
  if (!(error instanceof ServiceError)) throw error
  const [message = ""] = error.message.split("\n", 1)
  // Who may do it, that message says itself.
  return failure(name, message, error.kind === "no_rights" ? null : next)
}
