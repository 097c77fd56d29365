import path from "node:path"
import type { Permissions } from "../../domain/agents.ts"
import type { PermissionRequest } from "./protocol.ts"
import { placeOf, writtenPlaces } from "./written-places.ts"

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

/** The answer to a program that asks whether it may: nobody is there to be asked, the agent's permissions decide. */
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
      // Nor a folder that one of these is in, which can be moved and removed with all that it holds.
      !protectedFolders.some(
        (folder) => folder === null || isInside(folder, place) || isInside(place, folder),
      ),
  )
}

function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file)
  return relative !== ".." && !relative.startsWith("../")
}
