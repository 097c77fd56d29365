import { randomUUID } from "node:crypto"
import { mkdir, rm, writeFile } from "node:fs/promises"
import path from "node:path"
import type { TurnInput } from "../../domain/backend.ts"
import { ProxyError } from "../../domain/errors.ts"

/** Files that one turn hands to its program; the program reads them at its start. */
export interface TurnFiles {
  readonly imageFiles: readonly string[]
  readonly schemaFile: string | null
  remove(): Promise<void>
}

const extensions: Readonly<Record<string, string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
}

const noFiles: TurnFiles = { imageFiles: [], schemaFile: null, remove: async () => {} }

/** Writes the images and the schema of a turn into a folder of its own below `inbox`. */
export async function writeTurnFiles(inbox: string, input: TurnInput): Promise<TurnFiles> {
  const urls = input.messages.flatMap((message) =>
    message.content.flatMap((part) => (part.type === "image" ? [part.url] : [])),
  )
  if (urls.length === 0 && input.outputSchema === null) return noFiles
  const images = urls.map(decodeImage)
  const folder = path.join(inbox, `turn-${randomUUID()}`)
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const imageFiles = await Promise.all(
      images.map(async ({ extension, bytes }, index) => {
        const file = path.join(folder, `image-${index + 1}.${extension}`)
        await writeFile(file, bytes, { mode: 0o600 })
        return file
      }),
    )
    let schemaFile: string | null = null
    if (input.outputSchema !== null) {
      schemaFile = path.join(folder, "schema.json")
      await writeFile(schemaFile, JSON.stringify(input.outputSchema), { mode: 0o600 })
    }
    return { imageFiles, schemaFile, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

function decodeImage(url: string): { readonly extension: string; readonly bytes: Buffer } {
  const match = /^data:([^;,]+)(?:;[^;,]+)*;base64,/i.exec(url)
  if (match === null) {
    throw new ProxyError("invalid_request", "An image must be given as a `data:` URL in base64.", {
      param: "input",
    })
  }
  return {
    extension: extensions[match[1]?.toLowerCase() ?? ""] ?? "img",
    bytes: Buffer.from(url.slice(match[0].length), "base64"),
  }
}
