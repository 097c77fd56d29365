import { expect, it } from "vitest"
import { temporaryOf, writerOf } from "./write-atomic.ts"

it("tells who writes a temporary file, and takes no other for one", () => {
  expect(writerOf(temporaryOf("agent.json"))).toBe(process.pid)
  expect(writerOf("daemon.pid.0123456789ab.tmp")).toBe(0)
  expect(writerOf("exec_1.json.3f2b6f5e-0c1d-4b7e-9d55-0123456789ab.tmp")).toBe(0)
  for (const name of [
    "agent.json",
    "notes.tmp",
    "a.b.tmp",
    ".0123456789ab.tmp.txt",
    "0123456789ab.tmp",
    "x.0123456789AB.tmp",
  ]) {
    expect([name, writerOf(name)]).toEqual([name, null])
  }
})
