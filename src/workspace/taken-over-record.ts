import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { storageFailed, systemCodeOf } from "../domain/file-problem.ts"
import { type ServiceDefaults, type TakenOver, takeOverAgents } from "./take-over.ts"
import { writeAtomic } from "./write-atomic.ts"

/** In the home: that it was one of release 0.2.0, and what was taken over from it. */
const recordFile = "from-0.2.0.json"

const recordSchema = z.object({
  agents: z.array(z.string()),
  left: z.array(z.object({ folder: z.string(), why: z.string() })),
})

/**
 * Takes over what release 0.2.0 has left in the home, and keeps on record what that was. Resolves with what is new this time. May
 * be done at every start. Rejects with `ProxyError`.
 */
export async function takeOverHome(home: string, defaults: ServiceDefaults): Promise<TakenOver> {
  const found = await takeOverAgents(home, defaults)
  const before = await takenOverBefore(home)
  const isKnown = found.agents.length === 0 && found.left.every(({ folder }) => isLeft(before, folder))
  if (isKnown) return { agents: [], left: [] }
  const record: TakenOver = {
    agents: [...new Set([...(before?.agents ?? []), ...found.agents])],
    left: [...(before?.left ?? []), ...found.left.filter(({ folder }) => !isLeft(before, folder))],
  }
  const path = join(home, recordFile)
  await writeAtomic(path, `${JSON.stringify(record, null, 2)}\n`).catch((error: unknown) => {
    throw storageFailed(`${path} cannot be written`, error)
  })
  return found
}

/** All that was ever taken over; null: the home has never been one of that release, or the record cannot be read. */
export async function takenOverBefore(home: string): Promise<TakenOver | null> {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(await readFile(join(home, recordFile), "utf8")))
    return parsed.data ?? null
  } catch (error) {
    if (error instanceof SyntaxError || systemCodeOf(error) !== "") return null
    throw error
  }
}

/** For people: who has come along, and whom a person has to see to. */
export function takeOverLines({ agents, left }: TakenOver): readonly string[] {
  return [
    ...(agents.length === 0
      ? []
      : [`From release 0.2.0, with all that is in their folders: ${agents.join(", ")}.`]),
    ...left.map(({ folder, why }) => `From release 0.2.0, to be seen to: ${folder}: ${why}.`),
  ]
}

function isLeft(record: TakenOver | null, folder: string): boolean {
  return record?.left.some((each) => each.folder === folder) === true
}
