import { randomUUID } from "node:crypto"
import { rm, rmdir, writeFile } from "node:fs/promises"
import path from "node:path"
import { inFolder } from "../../disk/held-folder.ts"
import type { TurnInput } from "../../domain/backend.ts"
import { imageData, imageUrls } from "../kit/turn/input.ts"

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

/** Writes images and schema into a folder of the turn's own below `inbox` of the workspace. */
export async function writeTurnFiles(root: string, input: TurnInput): Promise<TurnFiles> {
  const urls = imageUrls(input.messages)
  if (urls.length === 0 && input.outputSchema === null) return noFiles
  const images = urls.map(decodeImage)
  const name = `turn-${randomUUID()}`
  const folder = `inbox/${name}`
  const written: string[] = []
  const write = async (file: string, content: string | Buffer): Promise<string> => {
    written.push(file)
    await inFolder({ root, folder, isMade: true }, (held) =>
      writeFile(path.join(held.path, file), content, { mode: 0o600, flag: "wx" }),
    )
    return path.join(root, folder, file)
  }
  const remove = async (): Promise<void> => {
    try {
      await inFolder({ root, folder }, async (held) => {
        for (const file of written) await rm(path.join(held.path, file), { force: true })
      })
      await inFolder({ root, folder: "inbox" }, (held) => rmdir(path.join(held.path, name)))
    } catch {
      // The program has moved it, or put something beside, which is not ours to remove.
    }
  }
  try {
    const imageFiles = await Promise.all(
      images.map(({ extension, bytes }, index) => write(`image-${index + 1}.${extension}`, bytes)),
    )
    const { outputSchema } = input
    const schemaFile = outputSchema === null ? null : await write("schema.json", JSON.stringify(outputSchema))
    return { imageFiles, schemaFile, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

function decodeImage(url: string): { readonly extension: string; readonly bytes: Buffer } {
  const { mediaType, base64 } = imageData(url)
  return { extension: extensions[mediaType] ?? "img", bytes: Buffer.from(base64, "base64") }
}
