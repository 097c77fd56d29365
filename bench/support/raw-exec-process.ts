import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"

export interface RawRun {
  /** From the spawn to the first message of the agent. */
  readonly firstMs: number
  readonly totalMs: number
}

/** `raw-exec.ts` in its own process: runs the CLI by hand, once a call. */
export class RawExecProcess {
  readonly #child
  readonly #lines

  constructor(
    program: string,
    command: readonly string[],
    options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  ) {
    this.#child = spawn(process.execPath, [program, ...command], {
      ...options,
      stdio: ["pipe", "pipe", "inherit"],
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async run(): Promise<RawRun> {
    this.#child.stdin.write("\n")
    const { value } = await this.#lines.next()
    const [firstMs, totalMs] = String(value).split(" ").map(Number)
    if (firstMs === undefined || totalMs === undefined) throw new Error("the raw CLI failed")
    return { firstMs, totalMs }
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit")
    this.#child.stdin.end()
    await exited
  }
}
