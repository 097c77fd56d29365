import { UnfitFunctionError } from "../../domain/errors.ts"
import type { FunctionNames } from "../functions/function-names.ts"
import { RpcError } from "../rpc-client.ts"

/** In codex's words, as of 0.169. */
const refusal = /dynamic tool input schema is not supported for (\S+): ([\s\S]*)/

/** A function that codex does not take in the form that it was handed in; null: it is about something else. */
export function unfitFunctionOf(error: unknown, names: FunctionNames): UnfitFunctionError | null {
  if (!(error instanceof RpcError)) return null
  const [, native = "", why = ""] = refusal.exec(error.message) ?? []
  const name = names.fromNative(native)
  if (name === null) return null
  const message =
    `The parameters of function '${name}' are not taken by codex: ${why.slice(0, 300)}. ` +
    "Change it, or leave the function out."
  return new UnfitFunctionError(name, message, error)
}
