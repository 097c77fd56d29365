import { readdirSync, readFileSync } from "node:fs"
import path from "node:path"
import { parseAst } from "rolldown/parseAst"

/** A part of a program as the parser has it: `type`, where it is, and whatever else it has. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** A file of `src/`, tests left out. */
export interface SourceFile {
  /** From `src/` on, with `/`. */
  readonly path: string
  readonly text: string
  readonly body: readonly SyntaxNode[]
  /** Files of `src/` that it imports in any way, by their paths. */
  readonly imports: readonly string[]
  /** Names that others can import. */
  readonly exports: readonly string[]
}

const src = path.resolve(import.meta.dirname, "../../src")

/** All of `src/`, read and parsed. */
export function readSource(): readonly SourceFile[] {
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => name.split(path.sep).join("/"))
    .map((name) => sourceFile(name, readFileSync(path.join(src, name), "utf8")))
}

/** A file by its path from `src/` on and its text: tests of the checks make such ones up. */
export function sourceFile(name: string, text: string): SourceFile {
  const body = parseAst(text, { lang: "ts" }, name).body as unknown as readonly SyntaxNode[]
  const imports = new Set<string>()
  const exports: string[] = []
  for (const statement of body) {
    for (const node of nodesOf(statement)) {
      const isImport = /^(Import|ExportNamed|ExportAll)(Declaration|Expression)$/.test(node.type)
      const from = isImport ? (node.source as { readonly value?: unknown } | null)?.value : undefined
      if (typeof from === "string" && from.startsWith("."))
        imports.add(path.posix.join(path.posix.dirname(name), from))
    }
    if (statement.type === "ExportNamedDeclaration") exports.push(...namesOf(statement))
  }
  return { path: name, text, body, imports: [...imports], exports }
}

/** The node and all that is in it. */
export function* nodesOf(node: SyntaxNode): Generator<SyntaxNode> {
  yield node
  for (const value of Object.values(node)) {
    for (const inner of Array.isArray(value) ? value : [value]) {
      if (typeof inner === "object" && inner !== null && typeof inner.type === "string") yield* nodesOf(inner)
    }
  }
}

/** Lines from the first to the last of the node. */
export function lineCount({ text }: SourceFile, { start, end }: SyntaxNode): number {
  return text.slice(start, end).split("\n").length
}

/** What it is called where it is declared: `name`, or the key of the property that it is. */
export function nameOf(node: SyntaxNode): string {
  const named = (node.id ?? node.key ?? {}) as { readonly name?: unknown }
  return typeof named.name === "string" ? named.name : ""
}

function namesOf(statement: SyntaxNode): readonly string[] {
  const declaration = statement.declaration as SyntaxNode | null
  if (declaration === null) {
    return (statement.specifiers as SyntaxNode[]).map(
      ({ exported }) => (exported as { readonly name: string }).name,
    )
  }
  if (declaration.type !== "VariableDeclaration") return [nameOf(declaration)]
  return (declaration.declarations as SyntaxNode[]).map(nameOf)
}
