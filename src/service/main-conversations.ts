import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { ownerPrincipal } from "../config/settings.ts"
import { ProxyError } from "../domain/errors.ts"
import type { Conversations } from "../engine/conversations.ts"
import { codeOf, writeAtomic } from "../workspace/write-atomic.ts"

/**
 * The conversation that `connect` goes on with, by agent: its id is kept in `control/main-conversation` of the workspace, so
 * that it survives every restart. One that was deleted meanwhile is replaced.
 */
export class MainConversationFiles {
  readonly #conversations: Conversations
  readonly #home: string
  #last: Promise<unknown> = Promise.resolve()

  constructor(conversations: Conversations, home: string) {
    this.#conversations = conversations
    this.#home = home
  }

  /** One at a time: two terminals must not begin two main conversations. */
  find(agentId: string, isNew: boolean): Promise<string> {
    const next = this.#last.then(() => this.#find(agentId, isNew))
    this.#last = next.catch(() => {})
    return next
  }

  async #find(agentId: string, isNew: boolean): Promise<string> {
    const file = join(this.#home, agentId, "control", "main-conversation")
    const known = isNew ? null : await this.#known(file)
    if (known !== null) return known
    const { id } = await this.#conversations.create(ownerPrincipal, { main_of: agentId }, [])
    await writeAtomic(file, `${id}\n`)
    return id
  }

  async #known(file: string): Promise<string | null> {
    try {
      const id = (await readFile(file, "utf8")).trim()
      return (await this.#conversations.retrieve(ownerPrincipal, id)).id
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null
      if (error instanceof ProxyError && error.code === "conversation_not_found") return null
      throw error
    }
  }
}
