import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createTempDir, type TempDir } from "./temp-dir.ts"

const root = resolve(import.meta.dirname, "../..")
const flaky = "planted.test.js > a group > needs a second try"

let folder: TempDir

beforeAll(async () => {
  folder = await createTempDir("second-tries")
  const tests = `let tries = 0
describe("a group", () => {
  it("needs a second try", () => { tries += 1; expect(tries).toBe(2) })
  it("needs none", () => {})
})`
  await writeFile(join(folder.path, "planted.test.js"), tests)
  await writeFile(join(folder.path, "sound.test.js"), `it("is sound", () => {})`)
})
afterAll(() => folder.remove())

/** A run of its own over the planted files, with the reporter and the one retry that `make test` has. */
async function run(allowed: object, file = ""): Promise<{ readonly code: number; readonly output: string }> {
  const config = `import { SecondTries } from ${JSON.stringify(join(root, "test/support/second-tries.ts"))}
export default { test: { globals: true, retry: 1, reporters: [new SecondTries(${JSON.stringify(allowed)})] } }`
  await writeFile(join(folder.path, "vitest.config.mjs"), config)
  const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", folder.path]
  return new Promise((done) => {
    execFile(process.execPath, [...args, ...(file === "" ? [] : [file])], (error, stdout, stderr) => {
      done({ code: Number(error?.code ?? 0), output: stdout + stderr })
    })
  })
}

describe("a test that passed only at the second try", () => {
  it("fails the run, which says how it failed at first", async () => {
    const { code, output } = await run({})
    expect(code).toBe(1)
    expect(output).toContain(`${flaky}\n    expected 1 to be 2`)
    expect(output).toContain("Mend the race")
  })

  it("does not when the list names it, and its reason is told", async () => {
    const { code, output } = await run({ [flaky]: "the kernel is at fault" })
    expect([code, output.includes("Allowed: the kernel is at fault")]).toEqual([0, true])
  })

  it("is nothing that a sound run has", async () => {
    expect(await run({}, "sound")).toEqual({ code: 0, output: "" })
  })
})

describe("the list of those that may", () => {
  it.each([
    ["names no test of its file", { "sound.test.js > is gone": "why" }, 1, "There is no test"],
    ["names no file", { "gone.test.js > is gone": "why" }, 1, "There is no test"],
    ["gives no reason", { "sound.test.js > is sound": " " }, 1, "nothing says why"],
    ["names a test of a file that is not run this time", { [flaky]: "why" }, 0, ""],
  ])("that %s", async (_, allowed, code, words) => {
    const ran = await run(allowed, "sound")
    expect([ran.code, ran.output.includes(words)]).toEqual([code, true])
  })
})
