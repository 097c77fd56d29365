/** One line of `doctor`. */
export interface HealthCheck {
  /** Stable: `node`, `home`, `cli`, ... */
  readonly name: string
  readonly status: "ok" | "warning" | "failure"
  readonly message: string
  /** What to type or do; null when nothing is to be done. */
  readonly next: string | null
}

export function ok(name: string, message: string): HealthCheck {
  return { name, status: "ok", message, next: null }
}

export function warning(name: string, message: string, next: string): HealthCheck {
  return { name, status: "warning", message, next }
}

export function failure(name: string, message: string, next: string): HealthCheck {
  return { name, status: "failure", message, next }
}
