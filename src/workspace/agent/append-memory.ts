import { join } from "node:path"
import { inFolder } from "../../disk/held-folder.ts"
import { openToAppend } from "../../disk/own-file.ts"
import { ProxyError } from "../../domain/errors.ts"
import { storageFailed } from "../../domain/file-problem.ts"
import { appendText } from "./append-text.ts"
import { localDay } from "./daily-note.ts"

/** Of one fact, in UTF-16 units: more belongs into a file of its own. */
export const maxFactLength = 2_000
/** Beyond this, somebody has to tidy up: only the beginning and the end are put in front of new threads. */
const maxMemoryBytes = 256 * 1024

/**
 * Adds one dated line to an agent's memory. It is written in one go at the end of the file, so that nothing is lost of what
 * the agent or its people write there at the same time. Rejects with `ProxyError` for people and models to read.
 */
export async function appendMemory(workspace: string, fact: string, now: Date): Promise<void> {
  const text = fact.trim().replaceAll(/\s*\n\s*/g, " ")
  if (text === "") throw new ProxyError("invalid_request", "There is nothing to remember.")
  if (text.length > maxFactLength) {
    throw new ProxyError(
      "invalid_request",
      `A fact may have ${maxFactLength} characters at the most. Put the rest into a file and remember where it is.`,
    )
  }
  const path = join(workspace, "memory", "memory.md")
  try {
    const line = `- ${localDay(now)}: ${text}\n`
    await inFolder({ root: workspace, folder: "memory", isMade: true }, async (folder) => {
      const file = await openToAppend(folder, "memory.md")
      try {
        if ((await file.stat()).size + Buffer.byteLength(line) > maxMemoryBytes) {
          throw new ProxyError("invalid_request", `The memory is full. Tidy ${path} up, then try again.`)
        }
        await appendText(file, line)
      } finally {
        await file.close()
      }
    })
  } catch (error) {
    throw storageFailed(`${path} cannot be written`, error)
  }
}
