import { readFile } from "node:fs/promises"
import { Worker } from "node:worker_threads"
import { LaterPart } from "../../domain/later-part.ts"

/** Starts the thread that compiles and checks JSON Schemas (`json-schema-worker.ts`). */
export type StartSchemaWorker = (maxHeapMb: number) => Worker

/**
 * The program of that thread. A thread is started again and again, also after an upgrade has put another program in its place, so
 * the built one is kept as text; it is bundled by itself, and needs no file beside it.
 */
export const schemaWorker = new LaterPart<StartSchemaWorker>(async () => {
  const isSource = import.meta.url.endsWith(".ts")
  const name = isSource ? "./json-schema-worker.ts" : "./json-schema-worker.cjs"
  const file = new URL(name, import.meta.url)
  const program = isSource ? file : await readFile(file, "utf8")
  return (maxHeapMb) =>
    new Worker(program, {
      eval: !isSource,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
      env: {},
      execArgv: [],
    })
})
