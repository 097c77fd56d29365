import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { stripVTControlCharacters } from "node:util"
import { waitFor } from "./wait-for.ts"

/** `script` of util-linux gives a program a real pseudo-terminal; it is part of every Debian, and of most others. */
const scriptProgram = "/usr/bin/script"

/** Why no terminal can be had here; null: one can. */
export const noTerminalReason =
  process.platform === "linux" && existsSync(scriptProgram) ? null : `no ${scriptProgram} of util-linux here`

/** A program in a pseudo-terminal, driven by what is typed and seen. */
export class Terminal {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exited: Promise<unknown>
  #seen = ""
  #from = 0

  /** `command`: a line for the shell. */
  constructor(command: string, env: Readonly<Record<string, string>>, cwd: string) {
    this.#child = spawn(scriptProgram, ["-qefc", command, "/dev/null"], {
      env: { TERM: "xterm", ...env },
      cwd,
    })
    this.#exited = once(this.#child, "exit")
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#seen += text
    })
    this.#child.stdin.on("error", () => {})
  }

  /** Everything on the screen so far, without colours and with plain line ends. */
  get text(): string {
    // A line that was drawn over is one that came before.
    const lines = this.#seen.replaceAll("\r\x1b[2K", "\n")
    return stripVTControlCharacters(lines).replaceAll("\r", "")
  }

  /** As it came, colours included. */
  get raw(): string {
    return this.#seen
  }

  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** Waits for `pattern` in what came since the last `see`; returns what is there up to and including it. */
  async see(pattern: RegExp | string, timeoutMs = 30_000): Promise<string> {
    return waitFor(
      () => {
        const rest = this.text.slice(this.#from)
        const found = typeof pattern === "string" ? rest.indexOf(pattern) : rest.search(pattern)
        if (found === -1) throw new Error(`the terminal shows: ${rest.slice(-2000)}`)
        const length = typeof pattern === "string" ? pattern.length : (pattern.exec(rest)?.[0].length ?? 0)
        this.#from += found + length
        return rest.slice(0, found + length)
      },
      { what: `${pattern} in the terminal`, timeoutMs },
    )
  }

  /** Waits for the program's own end. */
  async exit(): Promise<number | null> {
    await waitFor(() => this.#child.exitCode !== null, {
      what: "the program in the terminal to end",
      timeoutMs: 30_000,
    })
    return this.#child.exitCode
  }

  /** Safe twice. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      // The terminal is gone with it, which ends what runs there.
      this.#child.kill("SIGKILL")
      await this.#exited
    }
  }
}
