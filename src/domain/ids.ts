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

/** A new id: prefix and 32 hexadecimal digits, the form that clients of the OpenAI API expect. From a UUID, of which
 * Node makes 128 at a time: random bytes for each id cost as much as a transaction. */
export function newId(prefix: IdPrefix): string {
  return prefix + randomUUID().replaceAll("-", "")
}
