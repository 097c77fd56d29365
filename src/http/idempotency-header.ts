import { createHash } from "node:crypto"
import type { IdempotencyKey } from "../engine/idempotency.ts"
import { invalidRequest } from "../protocol/shape.ts"
import type { HttpContext } from "./http-env.ts"

/**
 * The header `Idempotency-Key`: the same request under the same key is answered with the same answer, and run once. What
 * makes a request the same are its path, its body and the conversation that a header names.
 */
export function idempotencyOf(
  context: HttpContext,
  body: unknown,
  sessionKey: string | null,
): IdempotencyKey | null {
  const key = context.req.header("idempotency-key")
  if (key === undefined) return null
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalidRequest(
      "idempotency-key",
      "The header Idempotency-Key must be 1 to 255 visible ASCII characters.",
    )
  }
  const identity = JSON.stringify([context.req.path, sessionKey, body])
  return { key, requestHash: createHash("sha256").update(identity).digest("hex") }
}
