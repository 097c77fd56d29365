import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { setTimeout as delay } from "node:timers/promises"

/** A program of the harness in a process of its own, so that what asks is not what is short of time. */
export class Forked<Report> {
  readonly #child: ChildProcess
  readonly #messages: unknown[] = []
  #wake: () => void = () => {}

  constructor(program: string, args: readonly (string | number)[]) {
    this.#child = fork(program, args.map(String))
    this.#child.on("message", (message) => {
      this.#messages.push(message)
      this.#wake()
    })
  }

  go(): void {
    this.#child.send("go")
  }

  /** What it sends next; rejects when nothing comes in time. */
  async next(timeoutMs: number): Promise<Report> {
    const deadline = performance.now() + timeoutMs
    while (this.#messages.length === 0) {
      const left = deadline - performance.now()
      if (left <= 0 || this.#child.exitCode !== null) throw new Error("a program of the harness said nothing")
      const message = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await Promise.race([message, delay(left, undefined, { ref: false })])
    }
    // A program sends only what its own type says.
    return this.#messages.shift() as Report
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await exited
  }
}
