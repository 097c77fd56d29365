import { join } from "node:path"
import { ownerPrincipal } from "../config/settings.ts"
import { inFolderOf, type OwnPath, RefusedEntryError } from "../disk/held-folder.ts"
import { readOwnFile } from "../disk/own-file.ts"
import { writeAtomic } from "../disk/write-atomic.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import { systemCodeOf } from "../domain/file-problem.ts"
import type { Log } from "../domain/log.ts"
import type { Conversations } from "../engine/engine.ts"

/** Of a file with one id. */
const maxBytes = 1024

/**
 * The conversation that `connect` goes on with, by agent: its id is kept in
 * `control/main-conversation` of the workspace, so that it survives every restart. One that was
 * deleted meanwhile is replaced.
 */
export class MainConversationFiles {
  readonly #conversations: Conversations
  readonly #home: string
  readonly #log: Log
  #last: Promise<unknown> = Promise.resolve()

  constructor(conversations: Conversations, home: string, log: Log) {
    this.#conversations = conversations
    this.#home = home
    this.#log = log
  }

  /** One at a time: two terminals must not begin two main conversations. */
  find(agentId: string, isNew: boolean): Promise<string> {
    const next = this.#last.then(() => this.#find(agentId, isNew))
    this.#last = next.catch(() => {})
    return next
  }

  async #find(agentId: string, isNew: boolean): Promise<string> {
    const file = { root: join(this.#home, agentId), path: "control/main-conversation" }
    const known = isNew ? null : await this.#known(file)
    if (known !== null) return known
    const { id } = await this.#conversations.create(ownerPrincipal, { main_of: agentId }, [])
    try {
      await inFolderOf(file, true, (folder, name) => writeAtomic(join(folder.path, name), `${id}\n`))
    } catch (error) {
      // It goes on as long as this `connect` does; the next one begins another.
      this.#log("warn", "the conversation of `connect` cannot be noted", {
        agent: agentId,
        error: messageOf(error),
      })
    }
    return id
  }

  async #known(file: OwnPath): Promise<string | null> {
    try {
      const id = (await readOwnFile(file, maxBytes)).toString("utf8").trim()
      return (await this.#conversations.retrieve(ownerPrincipal, id)).id
    } catch (error) {
      if (systemCodeOf(error) === "ENOENT") return null
      if (error instanceof RefusedEntryError) return null
      if (error instanceof ProxyError && error.code === "conversation_not_found") return null
      throw error
    }
  }
}
