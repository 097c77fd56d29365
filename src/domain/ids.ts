import { randomUUID } from "node:crypto"

export type IdPrefix =
  | "resp_"
  | "chatcmpl-"
  | "msg_"
  | "rs_"
  | "mcp_"
  | "ws_"
  | "fc_"
  | "fco_"
  | "call_"
  | "conv_"
  | "cmp_"
  | "thr_"
  | "turn_"
  | "rep_"
  | "req_"

/**
 * A new id: prefix and 32 hexadecimal digits, the form that clients of the OpenAI API expect. The
 * first twelve are the time in milliseconds, as in a UUID of version 7: what is stored together
 * stands together in the indexes of the ledger, which else cost a third of a turn's transactions,
 * and more as the ledger grows. The others are random (74 bits), from a UUID, of which Node makes
 * 128 at a time: random bytes for each id cost as much as a transaction.
 */
export function newId(prefix: IdPrefix): string {
  return prefix + Date.now().toString(16).padStart(12, "0") + randomUUID().replaceAll("-", "").slice(12)
}
