import { createInterface } from "node:readline"
import { Readable } from "node:stream"
import { showControls } from "../../domain/visible-controls.ts"
import { printable } from "./printable.ts"

/**
 * Lines of a log, for a program that shows their texts to a person. They are JSON, but for what others wrote; no word in them
 * moves the terminal.
 */
export function readableLines(source: Readable): Readable {
  const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })
  const readable = async function* (): AsyncGenerator<string> {
    for await (const line of lines) yield `${showControls(printable(line))}\n`
  }
  return Readable.from(readable())
}
