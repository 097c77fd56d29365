import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { RotatedFile } from "./gathered-writes.ts"

it("a file that is full becomes the old one, and the lines keep their order", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rotated-"))
  const path = join(folder, "turns.jsonl")
  const errors: unknown[] = []
  const file = new RotatedFile({ root: folder, path: "turns.jsonl" }, 100, (error) => errors.push(error))
  for (let count = 0; count < 12; count += 1) {
    file.add(`line ${count} `.padEnd(29, "."))
    await file.settled()
  }
  const [old, current] = await Promise.all([readFile(`${path}.1`, "utf8"), readFile(path, "utf8")])
  expect(`${old}${current}`.match(/line \d+/g)).toEqual([
    "line 6",
    "line 7",
    "line 8",
    "line 9",
    "line 10",
    "line 11",
  ])
  await rm(folder, { recursive: true })
  file.add("nowhere to go")
  await file.settled()
  expect(errors).toHaveLength(1)
})

it("a place that takes nothing is told, and stops nobody", async () => {
  const errors: unknown[] = []
  const file = new RotatedFile({ root: "/dev", path: "full" }, 100, (error) => errors.push(error))
  file.add("a line")
  await file.settled()
  expect(errors).toMatchObject([{ message: "/dev/full is a device and not a file" }])
})
