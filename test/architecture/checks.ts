import path from "node:path"
import type { Room } from "./house.ts"
import type { SourceFile } from "./source-files.ts"

/** A room imports what stands behind it in the list, and what is in itself. */
export function wrongWays(files: readonly SourceFile[], rooms: readonly Room[]): readonly string[] {
  return crossings(files, rooms).flatMap(({ file, to, from, into }) => {
    return rooms.indexOf(from) < rooms.indexOf(into) ? [] : [`${file} imports ${to}`]
  })
}

/** The room in which a file is: that of its folder, or of the one that this is a part of. */
export function roomOf(file: string, rooms: readonly Room[]): Room | undefined {
  const folder = path.posix.dirname(file)
  const found = rooms.find((room) => room.folder === folder)
  return found ?? (folder.includes("/") ? roomOf(folder, rooms) : undefined)
}

interface Crossing {
  readonly file: string
  readonly to: string
  readonly from: Room
  readonly into: Room
}

/** Imports from one room into another. */
function crossings(files: readonly SourceFile[], rooms: readonly Room[]): readonly Crossing[] {
  return files.flatMap((file) => {
    const from = roomOf(file.path, rooms)
    return file.imports.flatMap((to) => {
      const into = roomOf(to, rooms)
      const isCrossing = from !== undefined && into !== undefined && from !== into
      return isCrossing ? [{ file: file.path, to, from, into }] : []
    })
  })
}
