/**
 * `npm run build`: the program as one bundle in `dist/` (docs/adr/0006-one-bundle.md), the licences of what is in it, and the
 * declarations of the public API in `dist/types/`. `--out FOLDER`: elsewhere.
 */
import { execFileSync } from "node:child_process"
import { readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { rolldown } from "rolldown"

const root = resolve(import.meta.dirname, "..")
const { values } = parseArgs({ options: { out: { type: "string", default: join(root, "dist") } } })
const dist = resolve(values.out)

await rm(dist, { recursive: true, force: true })
/**
 * Not minified: a stack trace in a user's report has to be readable. V8 keeps the source as long as the service runs: one letter
 * beyond Latin-1 doubles that of its file, and comments are a tenth.
 */
const form = { charset: "ascii", comments: false } as const

const packages = await bundle()
await writeFile(join(dist, "THIRD-PARTY-LICENSES.txt"), await licencesOf(packages))
execFileSync(process.execPath, [
  join(root, "node_modules/typescript/bin/tsc"),
  ...["-p", join(root, "tsconfig.build.json"), "--outDir", join(dist, "types")],
])

/** Writes the bundle; the folders of the packages in it. */
async function bundle(): Promise<ReadonlySet<string>> {
  const build = await rolldown({
    cwd: root,
    input: {
      main: "src/main.ts",
      index: "src/index.ts",
    },
    platform: "node",
    // Native helpers of ws, which it does without.
    external: ["bufferutil", "utf-8-validate"],
  })
  const main = await build.write({ ...form, dir: dist, format: "esm", chunkFileNames: "[name]-[hash].js" })
  await build.close()
  // By itself and as a script: the service keeps it as text, and starts it again after an upgrade too.
  const worker = await rolldown({
    cwd: root,
    input: { "json-schema-worker": "src/engine/answer/json-schema-worker.ts" },
    platform: "node",
  })
  const alone = await worker.write({ ...form, dir: dist, format: "cjs", entryFileNames: "[name].cjs" })
  await worker.close()
  const output = [...main.output, ...alone.output]
  const modules = output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []))
  const folders = modules.map((module) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0])
  return new Set(folders.filter((folder) => folder !== undefined))
}

async function licencesOf(folders: ReadonlySet<string>): Promise<string> {
  const texts = await Promise.all(
    [...folders].map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"))
      const entries = await readdir(folder, { withFileTypes: true })
      const file = entries.find((entry) => entry.isFile() && /^licen[cs]e/i.test(entry.name))
      const text = file === undefined ? "" : await readFile(join(folder, file.name), "utf8")
      return `${name} ${version} (${license})\n\n${text.trim()}\n`
    }),
  )
  return `The files of this folder contain these packages:\n\n${texts.sort().join(`\n${"-".repeat(80)}\n\n`)}`
}
