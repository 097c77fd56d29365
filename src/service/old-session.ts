import { join } from "node:path"
import type { Config } from "../config/config.ts"
import { ownerPrincipal } from "../config/settings.ts"
import type { PastSession } from "../domain/backend.ts"
import { messageOf } from "../domain/errors.ts"
import type { Item } from "../domain/items.ts"
import type { Log } from "../domain/log.ts"
import { raceTimeout } from "../domain/race-timeout.ts"
import type { Agent } from "../engine/agents/agent.ts"
import type { EarlierPast, ReservedPast } from "../engine/engine.ts"
import { oldRuntime } from "../workspace/take-over/take-over.ts"
import { noteSession, takenOverBefore } from "../workspace/take-over/taken-over-record.ts"

/** How long the first conversation waits for what codex has. */
const searchMs = 15_000

/**
 * Of a home of release 0.2.0: the session of codex that all went on in. The first conversation of
 * the owner with the manager goes on with it, once, which the home's record says; undefined: there
 * is none, or that is done.
 */
export async function oldSession(
  { home, workingDirectory }: Pick<Config, "home" | "workingDirectory">,
  log: Log,
): Promise<EarlierPast | undefined> {
  const record = await takenOverBefore(home)
  if (record === null || record.session !== undefined) return undefined
  const manager = join(home, "manager")
  const runtime = await oldRuntime(manager)
  if (!/\bcodex\b/.test(runtime.cli ?? "codex")) return undefined
  return new OldSession(home, [runtime.workingDir ?? workingDirectory, manager], log)
}

class OldSession implements EarlierPast {
  readonly #home: string
  readonly #folders: readonly string[]
  readonly #log: Log
  #search: Promise<void> | null = null
  #found: PastSession | null = null
  #isReserved = false
  #isOver = false

  constructor(home: string, folders: readonly string[], log: Log) {
    this.#home = home
    this.#folders = folders
    this.#log = log
  }

  async find(agent: Agent, principal: string, isWanted: () => Promise<boolean>): Promise<void> {
    const { backend } = agent
    if (backend.lastSession === undefined || !this.#isFor(agent, principal) || this.#found !== null) return
    if (!(await isWanted())) return
    this.#search ??= this.#look(backend.lastSession(this.#folders))
    await this.#search
  }

  reserve(agent: Agent, principal: string): ReservedPast | null {
    const found = this.#found
    if (found === null || this.#isReserved || !this.#isFor(agent, principal)) return null
    this.#isReserved = true
    return {
      items: found.items.map(withoutFrame),
      keep: () =>
        this.#end({
          thread: found.thread,
          note: "the first conversation with the manager has gone on with it",
        }),
      giveBack: () => {
        this.#isReserved = false
      },
    }
  }

  #isFor({ profile }: Agent, principal: string): boolean {
    return !this.#isOver && principal === ownerPrincipal && profile.id === "manager"
  }

  async #look(searching: Promise<PastSession | null | undefined>): Promise<void> {
    try {
      if (!(await raceTimeout(searching, searchMs))) throw new Error("codex does not answer in time")
      const found = await searching
      // It may be on codex another time.
      if (found === undefined) {
        this.#search = null
        return
      }
      this.#found = found
      const folders = this.#folders.join(" or ")
      if (found === null) {
        this.#end({ thread: null, note: `codex has no session of ${folders}: the manager began anew` })
      }
    } catch (error) {
      // The next start tries again.
      this.#isOver = true
      this.#log("warn", "the manager's last session of release 0.2.0 cannot be read", {
        error: messageOf(error),
      })
    }
  }

  #end(session: { readonly thread: string | null; readonly note: string }): void {
    this.#isOver = true
    this.#log("info", `From release 0.2.0, the manager's last session: ${session.note}.`, {
      thread: session.thread,
    })
    noteSession(this.#home, session).catch((error: unknown) => {
      this.#log("warn", "what became of that session cannot be noted", { error: messageOf(error) })
    })
  }
}

/** That release has put its own words around what was said. */
function withoutFrame(item: Item): Item {
  if (item.type !== "message" || item.role !== "user") return item
  return {
    ...item,
    content: item.content.map((part) => {
      if (part.type !== "text") return part
      const said = /\nRequested target agent: [\s\S]*?\nUser input:\n([\s\S]*)$/.exec(part.text)?.[1]
      return said === undefined ? part : { ...part, text: said }
    }),
  }
}
