import { spawn, spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import OpenAI from "openai"
import { afterEach, describe, expect, it } from "vitest"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { resultOf } from "../support/command.ts"
import { type DaemonProcess, spawnCommand, startDaemonProcess } from "../support/daemon-process.ts"
import { mainProgram } from "../support/main-program.ts"
import { makeOlder, olderVersion } from "../support/older-ledger.ts"
import { noMountReason, onSmallDisk } from "../support/private-mount.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"]
const canBeNobody =
  process.getuid?.() === 0 &&
  spawnSync("setpriv", [...nobody, process.execPath, mainProgram, "--version"], {
    env: { PATH: "/usr/bin:/bin", HOME: "/tmp" },
  }).status === 0

const users = [
  ["the user of this test", ""],
  ...(canBeNobody ? ([["an ordinary user", `setpriv ${nobody.join(" ")}`]] as const) : []),
] as const
if (process.getuid?.() === 0 && !canBeNobody) {
  console.warn(
    "only tried as root: another user cannot start the program here (no setpriv, or no rights to its folder)",
  )
}

let folder: TempDir | null = null
let daemon: DaemonProcess | null = null

afterEach(async () => {
  await daemon?.stop("SIGKILL")
  daemon = null
  await folder?.remove()
})

/** A service whose home is a small disk that only it sees; `home` is the way there from outside. */
async function startOnSmallDisk(as: string) {
  folder = await createTempDir("small")
  const mount = join(folder.path, ".ai_agent_proxy")
  mkdirSync(mount)
  chmodSync(folder.path, 0o711)
  const script = as === "" ? 'exec "$@"' : `chown 65534:65534 "$0" && exec ${as} "$@"`
  daemon = await startDaemonProcess({
    userHome: folder.path,
    env: { PATH: "/usr/bin:/bin", HOME: mount },
    args: ["--demo-fallback"],
    wrap: (program) => ["unshare", ...onSmallDisk(mount, script, "6m"), ...program],
  })
  const home = `/proc/${daemon.pid}/root${mount}`
  return {
    home,
    client: new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: "none", maxRetries: 0 }),
    command: (...args: string[]) =>
      resultOf(
        spawnCommand(args, { PATH: "/usr/bin:/bin", HOME: folder?.path ?? "", AI_AGENT_PROXY_HOME: home }),
      ),
  }
}

/** To the last byte. */
function fill(home: string): void {
  for (const bytes of [65_536, 4096, 1]) {
    try {
      for (let count = 0; count < 1000; count += 1) {
        writeFileSync(join(home, `filler-${bytes}-${count}`), Buffer.alloc(bytes))
      }
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOSPC" })
    }
  }
}

function makeRoom(home: string): void {
  for (const name of readdirSync(home)) if (name.startsWith("filler-")) rmSync(join(home, name))
}

const full = { status: 503, code: "storage_failed", message: expect.stringContaining("the disk is full") }

describe.skipIf(noMountReason !== null)("an upgrade of the ledger", () => {
  it("is refused in words where there is no room for the copy before it, and changes nothing", async () => {
    folder = await createTempDir("small")
    const prepared = join(folder.path, "state.db")
    await (await openSqliteStore(prepared)).close()
    makeOlder(prepared)
    const mount = join(folder.path, ".ai_agent_proxy")
    mkdirSync(mount)
    const script = `cp "$1" "$0" && shift && { "$@"; code=$?; cp "$0"/* "$0/.."; exit $code; }`
    const program = [process.execPath, mainProgram, "daemon", "--port", "0", "--demo-fallback"]
    const child = spawn("unshare", [...onSmallDisk(mount, script, "6m"), prepared, ...program], {
      env: { PATH: "/usr/bin:/bin", HOME: folder.path, AI_AGENT_PROXY_HOME: mount },
      stdio: ["ignore", "pipe", "pipe"],
    })
    expect(await resultOf(child)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no room for the copy of the ledger"),
    })
    expect(readdirSync(folder.path).filter((name) => name.includes(".before-"))).toEqual([])
    const after = new DatabaseSync(prepared)
    expect(after.prepare("pragma user_version").get()).toEqual({ user_version: olderVersion })
    after.close()
  }, 60_000)
})

describe.skipIf(noMountReason !== null)(
  `a disk that is full${noMountReason === null ? "" : ` (skipped: ${noMountReason})`}`,
  () => {
    it.each(users)(
      "is told in words on every way, leaves nothing half-written, and is over when there is room: as %s",
      async (_, as) => {
        const { home, client, command } = await startOnSmallDisk(as)
        const say = () => client.responses.create({ model: "manager", input: "say hello" })
        const text = "some text ".repeat(30_000)
        const upload = () => client.files.create({ file: new File([text], "some.txt"), purpose: "user_data" })
        const data = `data:text/plain;base64,${Buffer.from(text).toString("base64")}`
        const inline = () =>
          client.responses.create({
            model: "manager",
            input: [
              { role: "user", content: [{ type: "input_file", filename: "some.txt", file_data: data }] },
            ],
          })
        const before = await say()

        fill(home)
        await expect(upload()).rejects.toMatchObject(full)
        await expect(inline()).rejects.toMatchObject(full)
        const hired = await command("hire", "engineer", "alice")
        expect(hired).toMatchObject({ code: 1, stderr: expect.stringContaining("the disk is full") })
        expect(hired.stderr).not.toMatch(/\n\s+at |ENOSPC/)
        const remembered = await command("remember", "manager", "x".repeat(1900))
        const again = await command("remember", "manager", "y".repeat(1900))
        const last = await command("remember", "manager", "z".repeat(1900))
        expect([remembered, again, last]).toContainEqual(
          expect.objectContaining({ code: 1, stderr: expect.stringContaining("the disk is full") }),
        )
        let refusal: unknown = null
        // The write-ahead log has room of its own for some turns.
        for (let count = 0; count < 500 && refusal === null; count += 1) {
          refusal = await say().then(
            () => null,
            (error: unknown) => error,
          )
        }
        expect(refusal).toMatchObject(full)
        const ready = await fetch(`${daemon?.url}/ready`)
        expect([ready.status, await ready.json()]).toMatchObject([
          503,
          { status: "not_ready", code: "storage_failed", reason: full.message },
        ])
        expect((await command("status")).stdout).toContain("the disk is full")
        expect((await client.responses.retrieve(before.id)).output_text).toBe("hello")
        expect(readdirSync(join(home, "files"))).toEqual([])
        expect(readdirSync(join(home, "manager/inbox"))).toEqual([])
        expect(existsSync(join(home, "engineer_alice"))).toBe(false)

        makeRoom(home)
        await waitFor(async () => (await fetch(`${daemon?.url}/ready`)).ok, {
          what: "the service to be ready again",
          timeoutMs: 60_000,
        })
        expect((await say()).output_text).toBe("hello")
        expect(await (await client.files.content((await upload()).id)).text()).toBe(text)
        expect((await inline()).status).toBe("completed")
        expect(await command("hire", "engineer", "alice")).toMatchObject({ code: 0 })
      },
      180_000,
    )
  },
)
