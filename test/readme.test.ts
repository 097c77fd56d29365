import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import path from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type DaemonProcess, startDaemonProcess } from "./support/daemon-process.ts"
import { createTempDir, type TempDir } from "./support/temp-dir.ts"

const readme = readFileSync(path.resolve(import.meta.dirname, "../README.md"), "utf8")
const makefile = readFileSync(path.resolve(import.meta.dirname, "../Makefile"), "utf8")

/** The `curl` commands of the README as they stand there. */
const curls = [...readme.matchAll(/^```\n(curl [\s\S]*?)\n```$/gm)].map((match) => match[1] ?? "")

let user: TempDir
let daemon: DaemonProcess

beforeAll(async () => {
  user = await createTempDir("user")
  daemon = await startDaemonProcess({
    userHome: user.path,
    env: { HOME: user.path, PATH: process.env.PATH ?? "" },
    args: ["--cli", "no-such-cli", "--demo-fallback"],
  })
})
afterAll(async () => {
  await daemon.stop()
  await user.remove()
})

async function runCurl(command: string): Promise<string> {
  const here = command.replaceAll("http://127.0.0.1:7011", daemon.url).replace("curl ", "curl -sS ")
  const { stdout } = await promisify(execFile)("bash", ["-c", here], { timeout: 15_000 })
  return stdout
}

describe("the README", () => {
  it("shows one whole and one streaming call, and both answer as they stand", async () => {
    expect(curls).toHaveLength(2)
    const whole = JSON.parse(await runCurl(curls[0] ?? "")) as { choices: { message: { content: string } }[] }
    expect(whole.choices[0]?.message.content).toContain("demo")
    const stream = await runCurl(curls[1] ?? "")
    expect(stream).toMatch(/^event: response\.created\n/)
    expect(stream).toContain("event: response.output_text.delta")
    expect(stream.trimEnd()).toMatch(/data: \[DONE\]$/)
  })

  it("names only make targets that exist", () => {
    const targets = [...readme.matchAll(/make ([a-z]+)/g)].map((match) => match[1])
    expect(targets).toContain("debug")
    for (const target of targets) expect(makefile).toMatch(new RegExp(`^${target}:`, "m"))
  })

  it("links only to files that exist", () => {
    for (const [, link] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      expect(() => readFileSync(path.resolve(import.meta.dirname, "..", link ?? "")), link).not.toThrow(
        "ENOENT",
      )
    }
  })
})
