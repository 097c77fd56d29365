import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { codexNativeBinary } from "../support/codex-binary.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { resultOf } from "../support/command.ts"
import { createTempDir } from "../support/temp-dir.ts"
import { startTestService } from "../support/test-service.ts"

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** The service, and a codex whose model is its manager, in a folder of its own. */
async function start() {
  const service = await startTestService()
  cleanUps.push(() => service.stop())
  const home = await createCodexHome({ modelUrl: `${service.url}/v1`, model: "manager" })
  cleanUps.push(() => home.remove())
  const folder = await createTempDir("codex-client")
  cleanUps.push(() => folder.remove())
  const ask = async (...args: readonly string[]): Promise<string> => {
    const flags = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
    const child = spawn(codexNativeBinary(), ["exec", ...args, ...flags], {
      cwd: folder.path,
      env: home.env,
      stdio: ["ignore", "pipe", "pipe"],
    })
    const { code, stdout, stderr } = await resultOf(child)
    expect([code, code === 0 ? "" : stderr]).toEqual([0, ""])
    return stdout.trim()
  }
  return { service, folder: folder.path, ask }
}

describe("codex as a client of the service, with all the tools that it offers by default", () => {
  it("gets the answer of an agent that acts by itself, once, and goes on", async () => {
    const { service, folder, ask } = await start()
    const file = join(folder, "ran")
    expect(await ask(`[[shell:echo ran >> ${file}]][[then]][[say:The agent did it.]]`)).toBe(
      "The agent did it.",
    )
    expect(readFileSync(file, "utf8")).toBe("ran\n")
    expect(await ask("resume", "--last", "[[say:And more.]]")).toBe("And more.")
    expect(readFileSync(file, "utf8")).toBe("ran\n")
    expect(service.model.requests.length).toBe(3)
  })

  it("runs a command of its own where the agent asks for it", async () => {
    const { folder, ask } = await start()
    const call =
      '[[tool:client_exec_command:{"cmd":"touch by-the-client"}]][[then]][[say:The client did it.]]'
    expect(await ask(call)).toBe("The client did it.")
    expect(existsSync(join(folder, "by-the-client"))).toBe(true)
  })
})
