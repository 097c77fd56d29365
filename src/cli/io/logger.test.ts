import { Writable } from "node:stream"
import { expect, it } from "vitest"
import { createLogger } from "./logger.ts"

const evil = "x\u001b[31m\u001b]0;title\u0007\r\b\u007f\u009b2J\u202e\u2028\u0085y"
const obeyed = /[^\P{Cc}\n\t]|[\u2028-\u202e]/u

/** What a service has written to its stderr. */
async function written(isTTY: boolean, log: (logger: Awaited<ReturnType<typeof createLogger>>) => void) {
  let text = ""
  const output = new Writable({
    write(chunk, _, done) {
      text += String(chunk)
      done()
    },
  })
  log(
    await createLogger(Object.assign(output, { isTTY }) as unknown as NodeJS.WriteStream, { NO_COLOR: "1" }),
  )
  await new Promise((resolve) => setImmediate(resolve))
  return text
}

it.each([
  ["JSON lines", false],
  ["a terminal", true],
])("what a client or a program put into a line moves no terminal and ends no line: %s", async (_, isTTY) => {
  const text = await written(isTTY, (logger) => {
    logger.info({ path: `/v1/${evil}`, reason: evil }, `a program said ${evil}`)
    logger.error({ err: new Error(evil, { cause: new Error(evil) }) }, "request failed")
  })
  expect(text).not.toMatch(obeyed)
  expect(text).toContain("\\u001b[31m")
  expect(text).toContain("\\u009b2J")
  if (isTTY) return
  const lines = text.trim().split("\n")
  expect(lines.map((line) => JSON.parse(line).path)).toEqual([`/v1/${evil}`, undefined])
})

it.each([false, true])("texts of any length are cut, and say so (terminal: %s)", async (isTTY) => {
  const text = await written(isTTY, (logger) => {
    logger.warn({ path: `/${"x".repeat(30_000)}`, count: 3 }, "request")
    logger.error({ err: new Error("y".repeat(1_000_000)) }, "request failed")
  })
  expect(text.length).toBeLessThan(25_000)
  expect(text).toContain("… (28001 characters more)")
  expect(text).toMatch(/count(?:":|=)3/)
})
