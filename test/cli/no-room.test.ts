import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { chmod, chown } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type CommandResult, mainProgram, runCommand } from "../support/command.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"

let user: TempDir
let home: string

beforeEach(async () => {
  user = await createTempDir("no-room")
  home = join(user.path, "home")
})
afterEach(() => user.remove())

const env = (): Record<string, string> => ({
  HOME: user.path,
  PATH: process.env.PATH ?? "",
  AI_AGENT_PROXY_HOME: home,
})

/** Runs it through a shell that prepares what is wrong. */
async function runThrough(
  preparation: string,
  args: readonly string[],
  identity: { uid?: number; gid?: number } = {},
): Promise<CommandResult> {
  const child = spawn(
    "bash",
    ["-c", `${preparation}; exec "$@"`, "bash", process.execPath, mainProgram, ...args],
    {
      env: env(),
      cwd: "/",
      ...identity,
    },
  )
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  child.stdin.end("hi")
  await once(child, "close")
  return { code: child.exitCode, stdout, stderr }
}

/**
 * No file may get longer than nothing, as on a disk that is full: a real one would have to be mounted. Writing then fails with
 * EFBIG in place of ENOSPC; whoever ignores the signal gets the error.
 */
const fullDisk = "trap '' XFSZ; ulimit -f 0"

describe("on a full disk", () => {
  it.each([["init"], ["hire", "engineer", "alice"]])(
    "%s %s %s says what cannot be written and leaves nothing half-made",
    async (...args) => {
      const { code, stdout, stderr } = await runThrough(fullDisk, args)
      expect([code, stdout]).toEqual([1, ""])
      expect(stderr).toMatch(/ai-agent-proxy: \S+ cannot be written: EFBIG/)
      expect(readdirSync(home)).toEqual([])
    },
  )

  it.each([
    ["stop", "manager"],
    ["remember", "manager", "Plums."],
    ["init", "manager", "--force"],
    ["daemon", "--port", "0"],
    ["connect", "manager", "--standalone"],
  ])("%s %s %s says so, and everything is as it was", async (...args) => {
    expect(await runCommand(["init"], { env: env() })).toMatchObject({ code: 0 })
    const before = contentsOf(home)
    const { code, stdout, stderr } = await runThrough(fullDisk, args)
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).toMatch(/^ai-agent-proxy: .* cannot be written: EFBIG/m)
    expect(stderr).not.toMatch(/^\s+at /m)
    const after = contentsOf(home)
    for (const [path, content] of Object.entries(before)) expect([path, after[path]]).toEqual([path, content])
  })

  it("a result that cannot be written is a failure", async () => {
    const { code, stderr } = await runThrough("exec > /dev/full", ["list", "--json"])
    expect(code).toBe(1)
    expect(stderr).toContain("the result cannot be written: ENOSPC")
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

/** Root may write everywhere, so there the commands run as nobody; that needs a checkout that nobody may read. */
const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
const canRunAsOther =
  process.getuid?.() !== 0 ||
  spawnSync(process.execPath, [mainProgram, "--version"], {
    ...identity,
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
  }).status === 0
if (!canRunAsOther)
  console.warn("a read-only home is not tried: this checkout cannot be read by another user than root")

describe.skipIf(!canRunAsOther)("with a home that is read-only", () => {
  it.each([
    ["init", "manager"],
    ["hire", "engineer", "alice"],
    ["stop", "manager"],
    ["fire", "engineer_bob"],
    ["remember", "manager", "Plums."],
    ["daemon", "--port", "0"],
    ["connect", "manager", "--standalone"],
  ])("%s %s %s says that it cannot be written to, and list works", async (...args) => {
    await runCommand(["init"], { env: env() })
    await runCommand(["hire", "engineer", "bob"], { env: env() })
    const { uid } = identity
    const folders = [
      home,
      ...readdirSync(home, { recursive: true, encoding: "utf8" }).map((name) => join(home, name)),
    ]
    for (const path of folders) {
      if (uid !== undefined) await chown(path, 0, 0)
      await chmod(path, statSync(path).isDirectory() ? 0o555 : 0o444)
    }
    await chmod(user.path, 0o755)
    const before = contentsOf(home)
    const { code, stdout, stderr } = await runThrough("true", args, identity)
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).toMatch(/^ai-agent-proxy: .*(permission|EACCES|read-only)/im)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(contentsOf(home)).toEqual(before)
    expect(await runThrough("true", ["list"], identity)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("bob"),
    })
    for (const path of folders) await chmod(path, 0o700)
  })
})

/** All files below a folder with what is in them, but for the database, which is no text. */
function contentsOf(folder: string): Record<string, string> {
  if (!existsSync(folder)) mkdirSync(folder)
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.startsWith("state.db"),
  )
  const files = names.filter((name) => statSync(join(folder, name)).isFile() && !name.startsWith("daemon."))
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]))
}
