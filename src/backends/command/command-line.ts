import { ProxyError } from "../../domain/errors.ts"
import { maxArgumentBytes, maxStdinBytes } from "../exec/exec-command.ts"
import { bytesOf } from "../prompt.ts"

const placeholder = "{prompt}"

export interface CommandLine {
  readonly args: readonly string[]
  /** Null: nothing, `/dev/null`. */
  readonly stdin: string | null
}

/** True when the prompt has a place among the arguments; it goes to stdin otherwise. */
function isArgument(args: readonly string[]): boolean {
  return args.some((arg) => arg.includes(placeholder))
}

/** How long a prompt may be, in bytes. */
export function promptRoom(args: readonly string[]): number {
  return isArgument(args) ? maxArgumentBytes : maxStdinBytes
}

/** The arguments with the prompt at its place, or on stdin. Throws `ProxyError` where it is too long for an argument. */
export function commandLine(args: readonly string[], prompt: string): CommandLine {
  if (!isArgument(args)) return { args, stdin: prompt }
  if (prompt.includes("\0") || bytesOf(prompt) > maxArgumentBytes) {
    throw new ProxyError(
      "invalid_request",
      `This agent's program gets its prompt as an argument, which holds ${maxArgumentBytes} bytes and no NUL; this one has ${bytesOf(prompt)} bytes.`,
      { param: "input" },
    )
  }
  return { args: args.map((arg) => arg.replaceAll(placeholder, () => prompt)), stdin: null }
}
