import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type AgentBackendOptions, createBackend } from "../../backends/create-backend.ts"
import { BackendMemory } from "../../backends/kit/backend-context.ts"
import type { Limitation, NotReady } from "../../domain/agents.ts"
import type { Backend } from "../../domain/backend.ts"
import { messageOf } from "../../domain/errors.ts"
import { answerText, type Item, textMessage } from "../../domain/items.ts"

export interface BackendCheck {
  /** Name and version of the program; null: it did not say. */
  readonly program: string | null
  /** Set where it can be used, but not as it should. */
  readonly limitation?: Limitation
  /** Null: it can be used. */
  readonly problem: NotReady | null
  /** The words of a real turn, if one was asked for and succeeded. */
  readonly answer: string | null
}

export interface BackendCheckOptions
  extends Pick<AgentBackendOptions, "kind" | "executable" | "args" | "env" | "passEnv" | "model"> {
  /** Ask the agent for one word: the only sure sign that a log-in is still good. */
  readonly isTurnWanted: boolean
}

const turnTimeoutMs = 120_000

const question = textMessage("msg_check", "user", "Answer with the one word: ready")

/** Starts the CLI aside, in an empty folder, and asks whether it could work. Never rejects. */
export async function checkBackend(options: BackendCheckOptions): Promise<BackendCheck> {
  const { isTurnWanted, ...others } = options
  const folder = await mkdtemp(join(tmpdir(), "ai-agent-proxy-check-"))
  const backend = createBackend({
    ...others,
    cwd: folder,
    permissions: "full",
    resumesLast: false,
    toolEndpoint: null,
    memory: new BackendMemory(),
    onEvent: () => {},
    log: () => {},
  })
  try {
    const readiness = await backend.readiness()
    if (!readiness.isReady) return { program: null, problem: readiness, answer: null }
    const { program, limitation } = await backend.capabilities()
    const known = { program, ...(limitation !== undefined && { limitation }) }
    if (!isTurnWanted) return { ...known, problem: null, answer: null }
    return { ...known, ...(await oneWordTurn(backend)) }
  } catch (error) {
    return { program: null, problem: failed("the CLI failed", messageOf(error)), answer: null }
  } finally {
    await backend.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}

async function oneWordTurn(backend: Backend): Promise<{ problem: NotReady | null; answer: string | null }> {
  const thread = await backend.openThread({ instructions: null, tools: [], isEphemeral: true, history: [] })
  const turn = backend.startTurn(thread, {
    messages: [question],
    model: null,
    effort: null,
    outputSchema: null,
  })
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void turn.interrupt()
  }, turnTimeoutMs)
  try {
    const items: Item[] = []
    for await (const batch of turn.events) {
      for (const event of batch) {
        if (event.type === "turn.failed")
          return { problem: failed("its turn failed", event.error.message), answer: null }
        if (event.type === "item.completed") items.push(event.item)
      }
    }
    return isLate
      ? { problem: failed(`no answer within ${turnTimeoutMs / 1_000} s`, null), answer: null }
      : { problem: null, answer: answerText(items) }
  } finally {
    clearTimeout(timer)
    await backend.deleteThread(thread).catch(() => {}) // A thread that is gone is as good as deleted.
  }
}

function failed(reason: string, detail: string | null): NotReady {
  return {
    isReady: false,
    reason,
    nextStep: "Run the CLI in a terminal as this user, and log in again if it asks for it.",
    detail,
  }
}
