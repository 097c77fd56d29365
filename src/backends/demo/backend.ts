import { randomUUID } from "node:crypto"
import type { Capabilities, Readiness } from "../../domain/agents.ts"
import type { Backend, ThreadOptions, ThreadRef, Turn, TurnInput } from "../../domain/backend.ts"
import { ThreadLostError } from "../../domain/errors.ts"
import { type FunctionTool, type Item, textOf } from "../../domain/items.ts"
import { notReady, stopping } from "../kit/process/start-error.ts"
import { agentStopped, backendError } from "../kit/turn/cli-turn.ts"
import type { DemoOptions } from "./acts.ts"
import { demoReply, isUsers } from "./reply.ts"
import { DemoTurn } from "./turn.ts"

/** Kept in memory; the longest unused goes first, to be seeded from the ledger again. */
const maxThreads = 1_000

interface DemoThread {
  tools: readonly FunctionTool[]
  readonly isReadOnly: boolean
  /** What the user said, turn by turn; `ref` is null for seeded turns. */
  readonly turns: { readonly ref: string | null; readonly said: readonly string[] }[]
}

/**
 * An agent without a program, an account or a network: for the first look at the service, and the
 * reference that the contract suite is held against. What it runs and edits does no harm, and is in
 * its workspace.
 */
export class DemoBackend implements Backend {
  readonly kind = "demo"
  readonly changesTools = true
  readonly #threads = new Map<ThreadRef, DemoThread>()
  readonly #running = new Map<ThreadRef, DemoTurn>()
  readonly #options: DemoOptions
  #isStopped = false

  constructor(options: DemoOptions) {
    this.#options = options
  }

  async capabilities(): Promise<Capabilities> {
    return {
      program: "demo",
      version: null,
      streamsDeltas: true,
      acceptsImages: true,
      hasOutputSchema: true,
      acceptsAnySchema: true,
      hasFunctions: true,
      hasFork: true,
      efforts: [],
    }
  }

  async readiness(): Promise<Readiness> {
    if (!this.#isStopped) return { isReady: true }
    return notReady(stopping())
  }

  async openThread(options: ThreadOptions): Promise<ThreadRef> {
    return this.#add(options, seeded(options))
  }

  async resumeThread(thread: ThreadRef, { tools }: ThreadOptions): Promise<void> {
    this.#known(thread).tools = tools
  }

  async forkThread(thread: ThreadRef, at: string, options: ThreadOptions): Promise<ThreadRef> {
    const { turns } = this.#known(thread)
    const end = turns.findIndex((turn) => turn.ref === at)
    if (end === -1) throw new ThreadLostError(`The demo agent has no turn ${at}`)
    return this.#add(options, [...turns.slice(0, end + 1), ...seeded(options)])
  }

  async closeThread(): Promise<void> {
    // A thread is a few strings: there is nothing worth giving back.
  }

  async deleteThread(thread: ThreadRef): Promise<void> {
    this.#threads.delete(thread)
  }

  startTurn(ref: ThreadRef, input: TurnInput): Turn {
    const said = input.messages.flatMap(saidIn)
    const turn = new DemoTurn(said.join("").length)
    const thread = this.#threads.get(ref)
    if (thread === undefined)
      turn.fail({ code: "thread_lost", message: `The demo agent has no thread ${ref}`, modelStatus: null })
    else if (this.#isStopped) turn.fail(agentStopped)
    else if (this.#running.get(ref)?.isOver === false)
      turn.fail(backendError(`A turn of thread ${ref} runs already`))
    if (thread === undefined || turn.isOver) return turn

    thread.turns.push({ ref: turn.ref, said })
    const all = thread.turns.flatMap((earlier) => earlier.said)
    this.#running.set(ref, turn)
    const mayAct = !thread.isReadOnly && this.#options.permissions !== "read-only"
    const steps = demoReply(input, all, thread.tools, mayAct)
    void turn.run(steps, this.#options).then(() => {
      // The next turn may have begun already: it can start as soon as this one's last event is out.
      if (this.#running.get(ref) === turn) this.#running.delete(ref)
    })
    return turn
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const turn of this.#running.values()) {
      turn.fail(agentStopped)
      // Ends its pauses; the last event is out already.
      await turn.interrupt()
    }
    this.#running.clear()
    this.#threads.clear()
  }

  #add({ tools, reach }: ThreadOptions, turns: DemoThread["turns"]): ThreadRef {
    const ref = `demo_${randomUUID()}`
    this.#threads.set(ref, { tools, isReadOnly: reach !== undefined, turns })
    const oldest = this.#threads.keys().next()
    if (this.#threads.size > maxThreads && !oldest.done) this.#threads.delete(oldest.value)
    return ref
  }

  /** The thread, now the one used last. */
  #known(ref: ThreadRef): DemoThread {
    const thread = this.#threads.get(ref)
    if (thread === undefined) throw new ThreadLostError(`The demo agent has no thread ${ref}`)
    this.#threads.delete(ref)
    this.#threads.set(ref, thread)
    return thread
  }
}

function seeded({ history }: ThreadOptions): DemoThread["turns"] {
  return history.map(({ input }) => ({ ref: null, said: input.flatMap(saidIn) }))
}

function saidIn(item: Item): string[] {
  if (item.type !== "message" || !isUsers(item)) return []
  const text = textOf(item.content)
  return text === "" ? [] : [text]
}
