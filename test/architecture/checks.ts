import path from "node:path"
import type { Room } from "./house.ts"
import { lineCount, nameOf, nodesOf, type SourceFile, type SyntaxNode } from "./source-files.ts"

/** Each check answers with a line for what is against it; none is what is wanted. */
type Check = (files: readonly SourceFile[]) => readonly string[]

const maxFunctionLines = 60
const maxOptions = 8
const smallFileLines = 60

/** A room imports what stands behind it in the list, and what is in itself. */
export function wrongWays(files: readonly SourceFile[], rooms: readonly Room[]): readonly string[] {
  return crossings(files, rooms).flatMap(({ file, to, from, into }) => {
    return rooms.indexOf(from) < rooms.indexOf(into) ? [] : [`${file} imports ${to}`]
  })
}

/** A room is entered by its doors. */
export function throughWalls(files: readonly SourceFile[], rooms: readonly Room[]): readonly string[] {
  return crossings(files, rooms).flatMap(({ file, to, into }) => {
    if (into.doors === "all") return []
    return into.doors.includes(path.posix.basename(to, ".ts")) ? [] : [`${file} imports ${to}`]
  })
}

/** Doors that nobody uses from outside. */
export function uselessDoors(files: readonly SourceFile[], rooms: readonly Room[]): readonly string[] {
  const entered = new Set(crossings(files, rooms).map(({ to }) => to))
  return rooms.flatMap(({ folder, doors }) => {
    if (doors === "all") return []
    return doors.map((door) => path.posix.join(folder, `${door}.ts`)).filter((door) => !entered.has(door))
  })
}

/** Imports between rooms that are to know nothing of each other. */
export function knownStrangers(
  files: readonly SourceFile[],
  rooms: readonly Room[],
  strangers: readonly (readonly string[])[],
): readonly string[] {
  return crossings(files, rooms).flatMap(({ file, to, from, into }) =>
    strangers.some((group) => group.includes(from.folder) && group.includes(into.folder))
      ? [`${file} imports ${to}`]
      : [],
  )
}

/** Files that use a module of Node which only another place of the same part is to use. */
export function usedElsewhere(
  files: readonly SourceFile[],
  onePlace: readonly (readonly [part: string, module: string, only: string])[],
): readonly string[] {
  return onePlace.flatMap(([part, module, only]) =>
    wordsIn(
      files.filter(({ path: file }) => file.startsWith(part) && !file.startsWith(only)),
      (word) => word === module,
    ),
  )
}

/** The room in which a file is: itself, or that of its folder, or of the one that this is a part of. */
export function roomOf(file: string, rooms: readonly Room[]): Room | undefined {
  const alone = rooms.find((room) => room.folder === file)
  if (alone !== undefined) return alone
  const folder = path.posix.dirname(file)
  const found = rooms.find((room) => room.folder === folder)
  return found ?? (folder.includes("/") ? roomOf(folder, rooms) : undefined)
}

/** Functions that do not fit on a screen. */
export const longFunctions: Check = (files) =>
  files.flatMap((file) =>
    file.body.flatMap((statement) =>
      functionsOf(statement)
        .filter(({ node }) => lineCount(file, node) > maxFunctionLines)
        .map(({ name, node }) => `${file.path} ${name}: ${lineCount(file, node)} lines`),
    ),
  )

/** What a function is given by name: more than that is several things. */
export const wideOptions: Check = (files) =>
  files.flatMap((file) =>
    file.body.flatMap((statement) =>
      [...nodesOf(statement)].flatMap((node) => {
        const name = nameOf(node)
        if (!/(Options|Context|Input|Parts)$/.test(name)) return []
        const count = fieldsOf(node)
        return count > maxOptions ? [`${file.path} ${name}: ${count} fields`] : []
      }),
    ),
  )

/** Files of a few lines that one other file imports, and no test knows: they are a part of that one. */
export function strayPieces(
  files: readonly SourceFile[],
  isTested: (file: SourceFile) => boolean,
  isExcepted: (file: SourceFile) => boolean,
): readonly string[] {
  return files.flatMap((file) => {
    const lines = file.text.split("\n").length - 1
    const importers = files.filter(({ imports }) => imports.includes(file.path))
    const isPiece = lines < smallFileLines && importers.length === 1 && !isTested(file) && !isExcepted(file)
    return isPiece ? [`${file.path} is a part of ${importers[0]?.path}`] : []
  })
}

/** A name means one thing wherever it is imported; files of one name in sibling folders have the same form. */
export const namesTwice: Check = (files) => {
  const places = new Map<string, string[]>()
  for (const { path: place, exports } of files) {
    // What may be embedded is exported once more.
    if (place === "index.ts") continue
    for (const name of exports) places.set(name, [...(places.get(name) ?? []), place])
  }
  const isForm = (found: readonly string[]) => new Set(found.map(formOf)).size === 1
  return [...places].flatMap(([name, found]) =>
    found.length > 1 && !isForm(found) ? [`${name}: ${found.join(", ")}`] : [],
  )
}

/** `backends/codex/turn.ts` and `backends/claude/turn.ts` have the form `backends/turn.ts`. */
function formOf(place: string): string {
  return path.posix.join(path.posix.dirname(path.posix.dirname(place)), path.posix.basename(place))
}

/** What changes belongs to what was made at the start, not to a module, of which there is one whoever uses it. */
export const moduleState: Check = (files) =>
  files.flatMap(({ path: place, body }) =>
    body.flatMap((statement) => {
      const declared = (statement.declaration ?? statement) as SyntaxNode
      if (declared.type !== "VariableDeclaration") return []
      const all = declared.declarations as SyntaxNode[]
      return all
        .filter((one) => declared.kind !== "const" || isEmptyCollection(one.init as SyntaxNode | null))
        .map((one) => `${place} ${nameOf(one)}`)
    }),
  )

/** The longest way of imports from a file; files that import each other count as one. */
export function depthFrom(start: string, files: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const known = new Map<string, readonly string[]>()
  const under = new Set<string>()
  const walk = (place: string): readonly string[] => {
    const found = known.get(place)
    if (found !== undefined) return found
    under.add(place)
    const ways = (byPath.get(place)?.imports ?? [])
      .filter((next) => byPath.has(next) && !under.has(next))
      .map(walk)
    under.delete(place)
    const longest = ways.reduce<readonly string[]>((best, way) => (way.length > best.length ? way : best), [])
    const way = [place, ...longest]
    known.set(place, way)
    return way
  }
  return walk(start)
}

/** Text constants and keys of objects that are words of the given kind. */
export function wordsIn(files: readonly SourceFile[], isWord: (text: string) => boolean): readonly string[] {
  return files.flatMap((file) =>
    file.body.flatMap((statement) =>
      [...nodesOf(statement)].flatMap((node) => {
        const word = node.type === "Literal" ? node.value : node.type === "Property" ? nameOf(node) : null
        return typeof word === "string" && isWord(word) ? [`${file.path}: ${word}`] : []
      }),
    ),
  )
}

/** Comments in a line of their own that are wider than a page. */
export const wideComments: Check = (files) =>
  files.flatMap(({ path: place, text }) =>
    text
      .split("\n")
      .flatMap((line, at) =>
        /^\s*(\/\/|\/?\*)/.test(line) && line.length > 100 ? [`${place}:${at + 1}`] : [],
      ),
  )

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

interface NamedFunction {
  readonly name: string
  readonly node: SyntaxNode
}

function functionsOf(statement: SyntaxNode): readonly NamedFunction[] {
  const found: NamedFunction[] = []
  const visit = (node: SyntaxNode, name: string): void => {
    const isFunction = /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)
    const here = nameOf(node) || name
    if (isFunction && node.body !== null) found.push({ name: here || "(no name)", node })
    for (const value of Object.values(node)) {
      for (const inner of Array.isArray(value) ? value : [value]) {
        if (typeof inner === "object" && inner !== null && typeof inner.type === "string") visit(inner, here)
      }
    }
  }
  visit(statement, "")
  return found
}

function fieldsOf(node: SyntaxNode): number {
  if (node.type === "TSInterfaceDeclaration") return (node.body as { readonly body: unknown[] }).body.length
  const type = node.type === "TSTypeAliasDeclaration" ? (node.typeAnnotation as SyntaxNode) : null
  return type?.type === "TSTypeLiteral" ? (type.members as unknown[]).length : 0
}

/** What is empty at first is there to be filled. */
function isEmptyCollection(init: SyntaxNode | null): boolean {
  if (init?.type === "ArrayExpression") return (init.elements as unknown[]).length === 0
  if (init?.type !== "NewExpression") return false
  const isCollection = /^(Map|Set|WeakMap|WeakSet)$/.test(
    String((init.callee as { readonly name?: unknown }).name),
  )
  return isCollection && (init.arguments as unknown[]).length === 0
}
