import { readdir, rm } from "node:fs/promises"
import path from "node:path"
import { z } from "zod"
import { inFolderOf, type OwnPath } from "../../disk/held-folder.ts"
import { openToAppend, readOwnFile, removeOwnFileSync } from "../../disk/own-file.ts"
import type { ThreadReach, ThreadRef } from "../../domain/backend.ts"

const headSchema = z.object({
  instructions: z.string().nullable(),
  is_read_only: z.boolean(),
  answers_only: z.boolean().optional(),
})
const turnSchema = z.object({ turn: z.string(), last: z.string(), model: z.string().optional() })

/** A hundred bytes a turn. */
const maxBytes = 64 * 1024 * 1024

/** What claude itself does not keep of a thread, or keeps under other names. */
export interface ClaudeRecord {
  readonly instructions: string | null
  /** Null: the agent acts as its permissions say. */
  readonly reach: ThreadReach | null
  /** claude's id of the last message of each of our turns. */
  readonly lastOfTurn: Map<string, string>
  /** Model that the newest turn was told, kept where none is told; null: none was. */
  lastModel: string | null
}

/**
 * A file a thread, `control/claude-threads/REF.jsonl`: what its processes are started with, then a
 * line for each turn. It is there once claude has the session. Not synced: after a power cut a
 * thread may be unknown, and is then seeded anew from the ledger like any lost one.
 */
export class ClaudeRecords {
  readonly #workspace: string

  constructor(workspace: string) {
    this.#workspace = workspace
  }

  async read(ref: ThreadRef): Promise<ClaudeRecord | null> {
    if (!isRef(ref)) return null
    let lines: string[]
    try {
      lines = (await readOwnFile(this.#file(ref), maxBytes)).toString("utf8").split("\n")
    } catch {
      // Unknown, which costs no more than a new thread.
      return null
    }
    const head = parsed(headSchema, lines[0])
    if (head === null) return null
    const turns = lines.slice(1).flatMap((line) => parsed(turnSchema, line) ?? [])
    return {
      instructions: head.instructions,
      reach: reachOf(head),
      lastOfTurn: new Map(turns.map(({ turn, last }) => [turn, last])),
      lastModel: turns.at(-1)?.model ?? null,
    }
  }

  async create(
    ref: ThreadRef,
    { instructions, reach }: Omit<ClaudeRecord, "lastOfTurn" | "lastModel">,
  ): Promise<void> {
    await this.#append(ref, {
      instructions,
      is_read_only: reach !== null,
      answers_only: reach === "only-answers",
    })
  }

  async addTurn(ref: ThreadRef, turn: string, last: string, model: string | null): Promise<void> {
    await this.#append(ref, { turn, last, ...(model !== null && { model }) })
  }

  async remove(ref: ThreadRef): Promise<void> {
    if (isRef(ref)) removeOwnFileSync(this.#file(ref))
  }

  async #append(ref: ThreadRef, line: unknown): Promise<void> {
    await inFolderOf(this.#file(ref), true, async (folder, name) => {
      const file = await openToAppend(folder, name)
      try {
        await file.appendFile(`${JSON.stringify(line)}\n`)
      } finally {
        await file.close()
      }
    })
  }

  #file(ref: ThreadRef): OwnPath {
    return { root: this.#workspace, path: `control/claude-threads/${ref}.jsonl` }
  }
}

function reachOf(head: z.infer<typeof headSchema>): ThreadReach | null {
  if (head.answers_only ?? head.is_read_only) return "only-answers"
  return head.is_read_only ? "only-reads" : null
}

/** Only such references become file names. */
function isRef(ref: ThreadRef): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(ref)
}

function parsed<T>(schema: z.ZodType<T>, line: string | undefined): T | null {
  try {
    return schema.parse(JSON.parse(line ?? ""))
  } catch {
    // A line that a crash has cut, or a person changed.
    return null
  }
}

/** Folders of claude's home in which things are named after a session. */
const folders = ["file-history", "session-env", "tasks", "todos", "debug"]

/** Removes a session's transcript, and what lies beside. Harmless when there is nothing. */
export async function deleteSession(env: Readonly<Record<string, string>>, ref: ThreadRef): Promise<void> {
  if (!isRef(ref)) return
  const home = env.CLAUDE_CONFIG_DIR ?? path.join(env.HOME ?? "/", ".claude")
  const projects = path.join(home, "projects")
  const candidates = [
    // The name of a project's folder is made from its path in a way that is claude's own.
    ...(await namesIn(projects)).map((name) => path.join(projects, name)),
    ...folders.map((name) => path.join(home, name)),
  ]
  for (const folder of candidates) {
    for (const name of await namesIn(folder)) {
      if (name.startsWith(ref)) await rm(path.join(folder, name), { recursive: true, force: true })
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch {
    // Not there, or a file.
    return []
  }
}
