import { createInterface } from "node:readline"
import { text as textOf } from "node:stream/consumers"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { escapeControls } from "../../domain/visible-controls.ts"
import { exitCodes, UsageError } from "../io/exit-codes.ts"
import type { Chat } from "./chat.ts"
import { exitCodeOf, interruptible, plainPrinter } from "./turn-printer.ts"

/** All of stdin is one message; the answer goes to stdout, the rest to stderr. The exit code. */
export async function talkThroughPipe(chat: Chat): Promise<number> {
  const message = (await textOf(process.stdin)).trim()
  if (message === "")
    throw new UsageError(
      `There is nothing on stdin. Type \`echo hi | ai-agent-proxy connect ${chat.agentId}\`.`,
    )
  const printer = plainPrinter()
  return interruptible(async (signal) => {
    const finished = await chat.say(message, (event) => printer.show(event), signal)
    printer.finish()
    return exitCodeOf(finished)
  })
}

/**
 * Each line of stdin is a message, plain or as a JSON string; each turn is told as JSON lines: its
 * events, then `{"type": "response", ...}`. Resolves with the exit code.
 */
export async function talkInJson(chat: Chat): Promise<number> {
  const tell = (value: object): void =>
    void process.stdout.write(`${escapeControls(JSON.stringify(value))}\n`)
  return interruptible(async (signal) => {
    let exitCode = 0
    for await (const line of createInterface({ input: process.stdin, signal })) {
      const message = messageIn(line)
      if (message === "") continue
      let text = ""
      try {
        const response = await chat.say(
          message,
          (event) => {
            if (event.type === "text" && event.isFinal) text += event.text
            tell(event.type === "text" ? { type: "text", text: event.text, is_final: event.isFinal } : event)
          },
          signal,
        )
        tell({ type: "response", ...response, text })
        if (response.status !== "completed") exitCode = exitCodes.failure
      } catch (error) {
        if (signal.aborted) throw error
        const code = error instanceof ProxyError ? error.code : "internal_error"
        tell({ type: "error", code, message: messageOf(error) })
        exitCode = exitCodes.failure
      }
    }
    return exitCode
  })
}

function messageIn(line: string): string {
  if (!line.trimStart().startsWith('"')) return line.trim()
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === "string" ? value : line.trim()
  } catch {
    // A sentence that begins with a quotation mark.
    return line.trim()
  }
}
