import { messageOf } from "../../../domain/errors.ts"
import { RpcLostError } from "../rpc/rpc-client.ts"
import { StartError } from "./start-error.ts"

export interface FailedHandshake {
  /** Name of the program in messages. */
  readonly program: string
  /** What it should speak. */
  readonly protocol: string
  /** What it wrote in place of an answer. */
  readonly said: string
  readonly installStep: string
}

/** What a program said in place of its handshake is the reason: an update notice, a question, an unknown option. */
export function handshakeError(
  error: unknown,
  { program, protocol, said, installStep }: FailedHandshake,
): unknown {
  if (!(error instanceof RpcLostError)) return error
  const words = said.trim().slice(0, 600)
  if (/unknown (?:argument|option|command)|unrecognized|not a .*command/i.test(words)) {
    return new StartError(
      `${program} does not speak ${protocol}; it is too old, or another program`,
      `${installStep} in its newest version.`,
      { detail: words },
    )
  }
  if (!error.isTimeout || words === "") return error
  return new StartError(
    `${program} does not answer, and prints something else`,
    "Run it in a terminal as this user and answer what it asks.",
    { detail: `${messageOf(error)}; it printed: ${words}` },
  )
}
