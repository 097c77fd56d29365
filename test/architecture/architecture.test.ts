import { readdirSync, readFileSync } from "node:fs"
import path from "node:path"
import { describe, expect, it } from "vitest"

const src = path.resolve(import.meta.dirname, "../../src")

/** From the outside to the core: a folder may import from itself and from what stands behind it. */
const order = [
  "main",
  "index",
  "service",
  "cli",
  "http",
  "mcp",
  "connectors",
  "supervise",
  "team",
  "engine",
  "backends",
  "programs",
  "fetch",
  "storage",
  "workspace",
  "disk",
  "protocol",
  "config",
  "domain",
]

/** `main` and `cli` start what `service` wires; `service` itself is the one place that may see all of it. */
const extra: Readonly<Record<string, readonly string[]>> = {
  cli: ["service"],
}

/** The engine knows backends, storage and workspaces by their ports in `domain` only. */
const forbidden: Readonly<Record<string, readonly string[]>> = {
  service: ["cli"],
  http: ["backends", "fetch", "storage", "workspace", "disk"],
  mcp: ["team", "engine", "backends", "fetch", "storage", "workspace", "disk", "protocol", "config"],
  engine: ["backends", "fetch", "storage", "workspace", "disk", "protocol"],
  backends: ["fetch", "storage", "workspace", "protocol"],
  fetch: ["storage", "workspace", "protocol", "config"],
  storage: ["workspace", "protocol", "config"],
  workspace: ["protocol"],
  disk: ["protocol", "config"],
}

interface Import {
  readonly from: string
  readonly file: string
  readonly to: string
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8")
  const from = layerOf(file)
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) => ({
    from,
    file: path.relative(src, file),
    to: layerOf(path.resolve(path.dirname(file), match[1] ?? "")),
  }))
}

function layerOf(file: string): string {
  const relative = path.relative(src, file)
  return (relative.split(path.sep)[0] ?? relative).replace(/\.ts$/, "")
}

function isAllowed({ from, to }: Import): boolean {
  if (from === to || extra[from]?.includes(to)) return true
  if (forbidden[from]?.includes(to)) return false
  return order.indexOf(from) !== -1 && order.indexOf(from) < order.indexOf(to)
}

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => path.join(src, file))

describe("the folders of src", () => {
  it("import only what stands behind them", () => {
    const imports = files.flatMap(importsOf)
    expect(imports.length).toBeGreaterThan(100)
    expect(
      imports.filter((edge) => !isAllowed(edge)).map((edge) => `${edge.file} imports ${edge.to}`),
    ).toEqual([])
  })

  it("are all known to this test", () => {
    const unknown = files.map(layerOf).filter((layer) => !order.includes(layer))
    expect(unknown).toEqual([])
  })

  it("load nothing late but by a LaterPart, which an upgrade cannot take away", () => {
    // A command of the terminal ends soon after it was started.
    const late = files
      .filter((file) => layerOf(file) !== "cli" && path.basename(file) !== "later-part.ts")
      .flatMap((file) => readFileSync(file, "utf8").split("\n"))
      .filter((line) => /\bimport\(|\bnew Worker\(/.test(line) && !line.includes("new LaterPart("))
    // The one that takes its program from one.
    expect(late.map((line) => line.trim())).toEqual(["new Worker(program, {"])
  })

  it("hold no file of more than 400 lines", () => {
    const long = files.filter((file) => readFileSync(file, "utf8").split("\n").length > 400)
    expect(long.map((file) => path.relative(src, file))).toEqual([])
  })
})
