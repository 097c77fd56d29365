import { join } from "node:path"
import { z } from "zod"
import { RefusedEntryError } from "../../disk/held-folder.ts"
import { readOwnFile } from "../../disk/own-file.ts"
import { writeAtomic } from "../../disk/write-atomic.ts"
import { storageFailed, systemCodeOf } from "../../domain/file-problem.ts"
import { printedLine } from "../../domain/printed-text.ts"
import { parseAgentId } from "../agent/agent-id.ts"
import {
  type OldSessionNote,
  oldAgents,
  type ServiceDefaults,
  type TakenOver,
  takeOverAgents,
} from "./take-over.ts"

/** In the home: that it was one of release 0.2.0, and what was taken over from it. */
const recordFile = "from-0.2.0.json"
const maxRecordBytes = 1024 * 1024
/** Of what is told to people. */
const maxNameLength = 300
const maxWhyLength = 1000

interface TakeOverRecord extends TakenOver {
  /** Folders whose take-over has begun and may not have come to its end. Absent: there are none. */
  readonly begun?: readonly string[] | undefined
}

const recordSchema = z.object({
  agents: z.array(z.string()).transform((ids) => ids.filter((id) => parseAgentId(id) !== null)),
  left: z.array(z.object({ folder: z.string(), why: z.string() })),
  session: z.object({ thread: z.string().nullable(), note: z.string() }).optional(),
  begun: z.array(z.string()).optional(),
})

/**
 * Takes over what release 0.2.0 has left in the home, and keeps on record what that was. Resolves
 * with what is new this time. May be done at every start, and goes on with one that was ended
 * half-way. Rejects with `ProxyError`.
 */
export async function takeOverHome(home: string, defaults: ServiceDefaults): Promise<TakenOver> {
  const before = await takenOverBefore(home)
  const folders = await oldAgents(home, before?.begun)
  const begun = folders.filter((folder) => parseAgentId(folder) !== null)
  // Before any of them is touched: afterwards nothing tells one that is half done from one of ours.
  if (begun.length > 0) await write(home, { agents: [], left: [], ...before, begun })
  const found = await takeOverAgents(home, defaults, folders)
  const isUnfinished = begun.length > 0 || (before?.begun ?? []).length > 0
  const isKnown = !isUnfinished && found.left.every(({ folder }) => isLeft(before, folder))
  if (isKnown) return { agents: [], left: [] }
  const record: TakeOverRecord = {
    ...before,
    begun: undefined,
    agents: [...new Set([...(before?.agents ?? []), ...found.agents])],
    left: [...(before?.left ?? []), ...found.left.filter(({ folder }) => !isLeft(before, folder))],
  }
  await write(home, record)
  return found
}

/**
 * That the session of that release was gone on with, or is not there: it is not looked for again.
 * Rejects with `ProxyError`.
 */
export async function noteSession(home: string, session: OldSessionNote): Promise<void> {
  const record = await takenOverBefore(home)
  if (record !== null) await write(home, { ...record, session })
}

/** Folders of that release's agents that the next `takeOverHome` takes over, or completes. */
export async function agentsToTakeOver(home: string): Promise<readonly string[]> {
  return oldAgents(home, (await takenOverBefore(home))?.begun)
}

async function write(home: string, record: TakeOverRecord): Promise<void> {
  const path = join(home, recordFile)
  await writeAtomic(path, `${JSON.stringify(record, null, 2)}\n`).catch((error: unknown) => {
    throw storageFailed(`${path} cannot be written`, error)
  })
}

/** All that was ever taken over; null: nothing, or the record cannot be read. */
export async function takenOverBefore(home: string): Promise<TakeOverRecord | null> {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(await recordIn(home)))
    return parsed.data ?? null
  } catch (error) {
    const isUnreadable = error instanceof SyntaxError || error instanceof RefusedEntryError
    if (isUnreadable || systemCodeOf(error) !== "") return null
    throw error
  }
}

async function recordIn(home: string): Promise<string> {
  return (await readOwnFile({ root: home, path: recordFile }, maxRecordBytes)).toString("utf8")
}

const sessionsLine =
  "The first conversation with the manager goes on with the last session that codex has of it. Each conversation has a thread of its " +
  'own here; `sessions = "shared"` in config.toml puts all of them into one, as release 0.2.0 did.'

/** For people: who has come along, and whom a person has to see to. */
export function takeOverLines({ agents, left }: TakenOver): readonly string[] {
  return [
    ...(agents.length === 0
      ? []
      : [`From release 0.2.0, with all that is in their folders: ${agents.join(", ")}.`]),
    ...(agents.includes("manager") ? [sessionsLine] : []),
    ...left.map((each) => `From release 0.2.0, to be seen to: ${leftInWords(each)}.`),
  ]
}

/** What was left, and why, on one line whatever its name is. */
export function leftInWords({ folder, why }: TakenOver["left"][number]): string {
  return `${printedLine(folder, maxNameLength)}: ${printedLine(why, maxWhyLength)}`
}

function isLeft(record: TakenOver | null, folder: string): boolean {
  return record?.left.some((each) => each.folder === folder) === true
}
