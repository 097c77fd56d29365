import { expect, type TestContext } from "vitest"
import type { Capabilities } from "../../../src/domain/agents.ts"
import type { Backend, ThreadOptions, ThreadRef } from "../../../src/domain/backend.ts"
import { ThreadLostError } from "../../../src/domain/errors.ts"
import { processesIn } from "../../support/processes.ts"
import { waitFor } from "../../support/wait-for.ts"
import {
  assistantMessage,
  noOptions,
  type OnEvent,
  type RecordedTurn,
  runTurn,
  userMessage,
} from "../turn-recording.ts"
import type { BackendHarness, ContractPrompts } from "./harness.ts"

/** What the cases of the suite work with: there once `start` is done. */
export class Contract {
  readonly #prepare: () => Promise<BackendHarness>
  #harness: BackendHarness | null = null
  #capabilities: Capabilities | null = null

  constructor(prepare: () => Promise<BackendHarness>) {
    this.#prepare = prepare
  }

  async start(): Promise<void> {
    this.#harness = await this.#prepare()
    this.#capabilities = await this.#harness.backend.capabilities()
  }

  async stop(): Promise<void> {
    const { workspace, backend, remove } = this.harness
    await backend.stop()
    const left = processesIn(workspace)
    await remove()
    expect(left).toEqual([])
  }

  get harness(): BackendHarness {
    if (this.#harness === null) throw new Error("the backend was not started")
    return this.#harness
  }

  get backend(): Backend {
    return this.harness.backend
  }

  get prompts(): ContractPrompts {
    return this.harness.prompts
  }

  get capabilities(): Capabilities {
    if (this.#capabilities === null) throw new Error("the backend was not started")
    return this.#capabilities
  }

  open(options: Partial<ThreadOptions> = {}): Promise<ThreadRef> {
    return this.backend.openThread({ ...noOptions, ...options })
  }

  run(thread: ThreadRef, input: Parameters<typeof runTurn>[2], onEvent?: OnEvent): Promise<RecordedTurn> {
    return runTurn(this.backend, thread, input, onEvent)
  }

  /** What the user has said in this thread, as the agent knows it. */
  async recall(thread: ThreadRef, backend = this.backend): Promise<readonly string[]> {
    const { prompts } = this
    return prompts.recalled((await runTurn(backend, thread, prompts.recall)).answer)
  }

  /**
   * Resumes a thread after the end of its program. Where that may lose threads, a new one is filled, as the engine does: what
   * was said in it is told without the marks that a scripted model would follow once more.
   */
  async resume(
    thread: ThreadRef,
    options: ThreadOptions,
    said: readonly string[],
    backend = this.backend,
  ): Promise<{ readonly thread: ThreadRef; readonly said: readonly string[] }> {
    try {
      await backend.resumeThread(thread, options)
      return { thread, said }
    } catch (error) {
      if (this.harness.losesThreads !== true || !(error instanceof ThreadLostError)) throw error
      const told = said.map((text) => text.replaceAll(/[[\]]/g, ""))
      const history = told.map((text) => ({
        input: [userMessage(text)],
        output: [assistantMessage("Done.")],
        native: null,
      }))
      return { thread: await backend.openThread({ ...options, history }), said: told }
    }
  }

  /** What a case has started is gone with it: commands, MCP servers, processes that are not kept warm. */
  async expectNothingLeft(): Promise<void> {
    const { workspace, processes = () => [], programLine = /^$/, warmProcesses = 0 } = this.harness
    await waitFor(
      () => {
        const warm = new Set(processes())
        const isWarm = (pid: number, line: string) => warm.has(pid) && programLine.test(line)
        const left = processesIn(workspace).filter(({ pid, commandLine }) => !isWarm(pid, commandLine))
        if (left.length > 0) throw new Error(left.map((entry) => entry.commandLine).join("\n"))
        return warm.size <= warmProcesses
      },
      { what: `nothing but ${warmProcesses} warm processes to be left in the workspace`, timeoutMs: 60_000 },
    )
  }
}

/** Skips the test where the backend has no such thing. */
export function needs<T>(context: TestContext, value: T): asserts value is Exclude<NonNullable<T>, false> {
  context.skip(value === undefined || value === null || value === false, "not a feature of this backend")
}
