import { exitCodes } from "../io/exit-codes.ts"
import { note, printable } from "../io/print.ts"
import type { FinishedResponse, ShownEvent } from "./turn-events.ts"

/** Where the words of a turn go. */
interface TurnOutput {
  /** The answer. */
  readonly answer: (text: string) => void
  /** Whole lines about what the agent does, its interim words included. */
  readonly aside: (line: string) => void
  /** What is seen of an output or an edit. Absent: nothing is shown of it. */
  readonly preview?: (lines: readonly string[]) => void
}

/** Prints a turn as it goes: the answer as it streams, a line for all else that the agent does. */
export class TurnPrinter {
  readonly #output: TurnOutput
  #isInLine = false
  #interim = ""

  constructor(output: TurnOutput) {
    this.#output = output
  }

  show(event: ShownEvent): void {
    switch (event.type) {
      case "text":
        if (!event.isFinal) {
          this.#interim += event.text
          return
        }
        if (event.text === "") return
        this.#output.answer(event.text)
        this.#isInLine = !event.text.endsWith("\n")
        return
      case "text.end":
        this.finish()
        return
      case "activity":
        this.finish()
        this.#output.aside(event.text)
        return
      case "preview": {
        this.finish()
        const rest = event.more === 0 ? [] : [`… ${event.more} more ${event.more === 1 ? "line" : "lines"}`]
        this.#output.preview?.([...event.lines, ...rest])
        return
      }
      case "problem":
        this.finish()
        this.#output.aside(event.text)
        return
      default:
        event satisfies never
    }
  }

  /** What comes next begins on a new line. */
  finish(): void {
    if (this.#interim.trim() !== "") this.#output.aside(this.#interim.trim())
    this.#interim = ""
    if (!this.#isInLine) return
    this.#isInLine = false
    this.#output.answer("\n")
  }
}

/** Ctrl-C interrupts the turn and ends the command. */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once("SIGINT", stop)
  process.once("SIGTERM", stop)
  try {
    return await work(stopping.signal)
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    note("Interrupted.")
    return exitCodes.interrupted
  } finally {
    process.off("SIGINT", stop)
    process.off("SIGTERM", stop)
  }
}

/**
 * The answer to stdout, what the agent does to stderr. A terminal obeys nothing of it; a program
 * gets the answer as it is.
 */
export function plainPrinter(): TurnPrinter {
  const { stdout } = process
  return new TurnPrinter({
    answer: (part) => void stdout.write(stdout.isTTY ? printable(part) : part),
    aside: note,
  })
}

/** Says why a turn has no whole answer. Resolves with the exit code. */
export function exitCodeOf({ status, error }: FinishedResponse): number {
  if (status === "completed") return 0
  note(error?.message ?? `The turn ended as ${status}.`)
  return exitCodes.failure
}
