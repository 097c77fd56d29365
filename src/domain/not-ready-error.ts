import type { NotReady } from "./backend.ts"
import { ProxyError } from "./errors.ts"

/**
 * What a request is told of an agent that cannot be asked now: whether only a person can mend it,
 * or time does.
 */
export function notReadyError(
  message: string,
  { retryAfterSeconds }: Pick<NotReady, "retryAfterSeconds">,
  cause?: unknown,
): ProxyError {
  return retryAfterSeconds === undefined
    ? new ProxyError("agent_not_ready", message, { cause })
    : new ProxyError("agent_unavailable", message, { cause, retryAfterSeconds })
}
