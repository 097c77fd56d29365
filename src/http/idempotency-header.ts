import { createHash } from "node:crypto"
import type { IdempotencyKey } from "../engine/idempotency.ts"
import { invalidRequest } from "../protocol/shape.ts"
import type { HttpContext } from "./http-env.ts"

/**
 * The header `Idempotency-Key`: the same request under the same key is answered with the same answer, and run once. What
 * makes a request the same are its path, its body and the conversation that a header names. Without that header, the official
 * clients say how often they have sent a request before (`x-stainless-retry-count`, from 0): only what says so is a repeat.
 */
export function idempotencyOf(
  context: HttpContext,
  body: unknown,
  sessionKey: string | null,
): IdempotencyKey | null {
  const key = context.req.header("idempotency-key")
  const retryCount = context.req.header("x-stainless-retry-count")
  const identity = (): string => {
    const text = JSON.stringify([context.req.path, sessionKey, body])
    return createHash("sha256").update(text).digest("hex")
  }
  if (key === undefined) {
    if (retryCount === undefined || !/^\d{1,4}$/.test(retryCount)) return null
    const requestHash = identity()
    // No client's own key has a space.
    return {
      key: `repeat of ${requestHash}`,
      requestHash,
      attempt: Number(retryCount) === 0 ? "first" : "repeat",
    }
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalidRequest(
      "idempotency-key",
      "The header Idempotency-Key must be 1 to 255 visible ASCII characters.",
    )
  }
  return { key, requestHash: identity() }
}
