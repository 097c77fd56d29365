import { lstatSync, readlinkSync, realpathSync } from "node:fs"
import path from "node:path"
import type { Permissions } from "../../domain/agents.ts"
import type { PermissionRequest } from "./protocol.ts"

export interface PermissionPolicy {
  readonly permissions: Permissions
  /** Folders that the agent may write to with `workspace`; relative paths are of the first. */
  readonly folders: readonly string[]
  /** What it may not write to within these. */
  readonly protectedFolders: readonly string[]
  /** A function of the client, which its owner runs or not as he likes. */
  readonly isClientCall: boolean
}

const harmlessKinds: ReadonlySet<string> = new Set(["read", "search", "think", "fetch"])
const writingKinds: ReadonlySet<string> = new Set(["edit", "delete", "move"])

/** The answer to a program that asks whether it may: the agent's permissions decide. */
export function permissionAnswer(
  request: PermissionRequest,
  policy: PermissionPolicy,
): Readonly<Record<string, unknown>> {
  const verdict = isPermitted(request, policy) ? "allow" : "reject"
  const option =
    request.options.find(({ kind }) => kind === `${verdict}_once`) ??
    request.options.find(({ kind }) => kind.startsWith(verdict))
  const outcome =
    option === undefined ? { outcome: "cancelled" } : { outcome: "selected", optionId: option.optionId }
  return { outcome }
}

function isPermitted({ toolCall }: PermissionRequest, policy: PermissionPolicy): boolean {
  if (policy.permissions === "full" || policy.isClientCall) return true
  const kind = toolCall.kind ?? "other"
  if (harmlessKinds.has(kind)) return true
  if (policy.permissions === "read-only" || !writingKinds.has(kind)) return false
  const files = [
    ...(toolCall.locations ?? []).map((location) => location.path),
    ...(toolCall.content ?? []).flatMap((part) => part.path ?? []),
  ]
  return files.length > 0 && files.every((file) => isWritable(file, policy))
}

/** Wherever a symbolic link leads: the letters of a path do not tell where it is. */
function isWritable(named: string, policy: PermissionPolicy): boolean {
  const places = writtenPlaces(policy.folders[0] ?? "/", named)
  const folders = policy.folders.map(placeOf).filter((folder) => folder !== null)
  const protectedFolders = policy.protectedFolders.map(placeOf)
  if (places === null) return false
  return places.every(
    (place) =>
      folders.some((folder) => isInside(folder, place)) &&
      // Nor a folder that holds one of these, and can be moved or removed with it.
      !protectedFolders.some(
        (folder) => folder === null || isInside(folder, place) || isInside(place, folder),
      ),
  )
}

function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file)
  return relative !== ".." && !relative.startsWith("../")
}

const maxPathLength = 4_096
/** As many as Linux follows for one path; of all of it, or links to links would double the work. */
const maxLinks = 40

/**
 * Where somebody writes who is given `named`, without symbolic links: the entry itself, which is
 * what is moved or deleted, and what it leads to. What does not exist yet is below the deepest
 * folder that does. Programs read `link/../file` in two ways, by the letters and as the system
 * does: with both. Null: that cannot be told.
 */
function writtenPlaces(folder: string, named: string): readonly string[] | null {
  const letters = path.resolve(folder, named)
  const spelled = path.isAbsolute(named) ? named : `${folder}/${named}`
  const places = [letters, spelled].map((spelling) => placesOf(spelling, { left: maxLinks }))
  return places.includes(null) ? null : places.flatMap((pair) => pair ?? [])
}

/** The folder without symbolic links, if it exists or not; null: that cannot be told. */
function placeOf(folder: string): string | null {
  return placesOf(path.resolve(folder), { left: maxLinks })?.[1] ?? null
}

function placesOf(
  spelling: string,
  links: { left: number },
): readonly [entry: string, target: string] | null {
  if (spelling.length > maxPathLength || spelling.includes("\0")) return null
  let entry = path.parse(spelling).root
  let target = entry
  for (const segment of spelling.split(path.sep)) {
    if (segment === "" || segment === ".") continue
    entry = path.resolve(target, segment)
    // The parent of a place without links has none either.
    const next = segment === ".." ? entry : targetOf(entry, links)
    if (next === null) return null
    target = next
  }
  return [entry, target]
}

function targetOf(entry: string, links: { left: number }): string | null {
  try {
    // The native one also tells a name's letters as stored, on a disk that does not heed case.
    return realpathSync.native(entry)
  } catch (error) {
    if (!isMissing(error)) return null
  }
  try {
    if (!lstatSync(entry).isSymbolicLink()) return null
    if (links.left === 0) return null
    links.left -= 1
    // A link to what is not there yet: writing to it makes it.
    const link = readlinkSync(entry)
    const spelling = path.isAbsolute(link) ? link : `${path.dirname(entry)}/${link}`
    return placesOf(spelling, links)?.[1] ?? null
  } catch (error) {
    return isMissing(error) ? entry : null
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT"
}
