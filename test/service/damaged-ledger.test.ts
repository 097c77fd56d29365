import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import OpenAI from "openai"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { migrations } from "../../src/storage/sqlite/migrate.ts"
import { resultOf } from "../support/command.ts"
import { type DaemonProcess, spawnCommand, startDaemonProcess } from "../support/daemon-process.ts"
import { makeOlder } from "../support/older-ledger.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"

let folder: TempDir
let daemon: DaemonProcess | null = null
let home: string
let ledger: string
let env: Record<string, string>

beforeEach(async () => {
  folder = await createTempDir("damaged")
  home = join(folder.path, ".ai_agent_proxy")
  ledger = join(home, "state.db")
  env = { PATH: "/usr/bin:/bin", HOME: folder.path }
})
afterEach(async () => {
  await daemon?.stop("SIGKILL")
  daemon = null
  await folder.remove()
})

async function start(): Promise<OpenAI> {
  daemon = await startDaemonProcess({ userHome: folder.path, env, args: ["--demo-fallback"] })
  return new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: "none", maxRetries: 0 })
}

async function stop(): Promise<void> {
  await daemon?.stop()
  daemon = null
}

const command = (...args: string[]) => resultOf(spawnCommand(args, { ...env, AI_AGENT_PROXY_HOME: home }))
const startFails = () => command("daemon", "--port", "0", "--demo-fallback")
const beside = (pattern: RegExp) => readdirSync(home).filter((name) => pattern.test(name))

/** A home with one answer; resolves with its id. */
async function useHome(): Promise<string> {
  const client = await start()
  const { id } = await client.responses.create({ model: "manager", input: "say hello" })
  await stop()
  return id
}

function overwrite(position: number, bytes: number): void {
  const file = openSync(ledger, "r+")
  writeSync(file, Buffer.alloc(bytes, 0xa5), 0, bytes, position)
  closeSync(file)
}

const damages: readonly (readonly [string, () => void, string])[] = [
  ["is emptied", () => truncateSync(ledger, 0), "is empty, but the agents beside it have worked"],
  [
    "is cut in the middle",
    () => truncateSync(ledger, Math.floor(statSync(ledger).size / 8192) * 4096),
    "is damaged",
  ],
  ["has lost its header", () => overwrite(0, 100), "is damaged"],
  ["is text", () => writeFileSync(ledger, "what a script wrote\n".repeat(500)), "is damaged"],
  [
    "is gone, and its write-ahead log is not",
    () => {
      writeFileSync(`${ledger}-wal`, "x".repeat(5000))
      rmSync(ledger)
    },
    "its write-ahead log is there",
  ],
]

describe("a ledger that cannot be used", () => {
  it.each(damages)(
    "is not touched when it %s: the start, `doctor` and `ledger check` say what it is and how to get it back",
    async (_, damage, words) => {
      await useHome()
      damage()
      const before = existsSync(ledger) ? readFileSync(ledger) : null
      const started = await startFails()
      expect(started.code).toBe(1)
      expect(started.stderr).toContain(words)
      expect(started.stderr).toContain(`ai-agent-proxy ledger restore --home ${dirname(ledger)}`)
      expect(started.stderr).not.toMatch(/\n\s+at /)
      const { stdout } = await command("doctor")
      expect(stdout).toMatch(/FAIL {2}database/)
      expect(stdout).toContain(`ai-agent-proxy ledger restore --home ${dirname(ledger)}`)
      expect(stdout).not.toMatch(/\b(?:rm|mv)\b/)
      const checked = await command("ledger", "check")
      expect(checked).toMatchObject({ code: 1, stdout: expect.stringContaining(words) })
      expect(existsSync(ledger) ? readFileSync(ledger) : null).toEqual(before)
    },
    120_000,
  )

  it.each(damages)(
    "comes back from the copy that the last upgrade made when it %s, and is kept beside it",
    async (_, damage) => {
      const id = await useHome()
      makeOlder(ledger)
      await start()
      await stop()
      expect(beside(/^state\.db\.before-\d+-\d{8}T\d{6}$/)).toHaveLength(1)
      damage()
      const damaged = existsSync(ledger) ? readFileSync(ledger) : null
      const restored = await command("ledger", "restore")
      expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining("state.db.before-") })
      if (damaged !== null) {
        const [kept] = beside(/^state\.db\.replaced-\d{8}T\d{6}$/)
        expect(readFileSync(join(home, kept ?? ""))).toEqual(damaged)
      }
      expect((await command("ledger", "check")).stdout).toContain("State      ok")
      const client = await start()
      expect((await client.responses.retrieve(id)).output_text).toBe("hello")
      expect((await client.responses.create({ model: "manager", input: "say more" })).output_text).toBe(
        "more",
      )
    },
    120_000,
  )

  it("is begun anew on a person's word only, and what was there is kept", async () => {
    await useHome()
    truncateSync(ledger, 0)
    const refused = await command("ledger", "restore")
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("--empty") })
    expect(await command("ledger", "restore", "--empty")).toMatchObject({ code: 0 })
    expect(beside(/^state\.db\.replaced-/)).toHaveLength(1)
    const client = await start()
    expect((await client.responses.create({ model: "manager", input: "say hello" })).output_text).toBe(
      "hello",
    )
  }, 120_000)

  it("is not restored while a service uses it, nor without need", async () => {
    await useHome()
    expect(await command("ledger", "restore")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("is good"),
    })
    await start()
    const used = await command("ledger", "restore", "--empty")
    expect(used).toMatchObject({ code: 1, stderr: expect.stringContaining("another daemon") })
  }, 120_000)

  it("passes over copies that are damaged themselves", async () => {
    const id = await useHome()
    makeOlder(ledger)
    copyFileSync(ledger, `${ledger}.before-${migrations.length}-20250101T000000`)
    await start()
    await stop()
    const [newest] = beside(/^state\.db\.before-\d+-2(?!0250101)/)
    truncateSync(join(home, newest ?? ""), 5000)
    truncateSync(ledger, 0)
    const restored = await command("ledger", "restore")
    expect(restored).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`before-${migrations.length}-20250101T000000`),
      stderr: expect.stringContaining("Passed over"),
    })
    expect(await (await start()).responses.retrieve(id)).toMatchObject({ status: "completed" })
  }, 120_000)
})

describe("a ledger with destroyed pages", () => {
  it("is told as what it is to clients, by `/ready` and by `status`, and nothing else is", async () => {
    const id = await useHome()
    const database = new DatabaseSync(ledger)
    const { rootpage } =
      database.prepare("select rootpage from sqlite_schema where name = 'turn_items'").get() ?? {}
    database.close()
    overwrite((Number(rootpage) - 1) * 4096, 4096)
    const client = await start()
    await expect(client.responses.retrieve(id)).rejects.toMatchObject({
      status: 503,
      code: "storage_failed",
      message: expect.stringContaining("its file is damaged"),
    })
    const ready = await fetch(`${daemon?.url}/ready`)
    expect([ready.status, await ready.json()]).toMatchObject([503, { code: "storage_failed" }])
    expect((await command("status")).stdout).toContain("its file is damaged")
    expect(await command("ledger", "check")).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("fault"),
    })
  }, 120_000)
})

describe("a write-ahead log that is removed after the service was killed", () => {
  it("is missed in the log of the next start, and not after an end in good order", async () => {
    await useHome()
    const missed = "write-ahead log (state.db-wal) is gone"
    await start()
    expect(daemon?.output()).not.toContain(missed)
    await daemon?.stop("SIGKILL")
    await start()
    expect(daemon?.output()).not.toContain(missed)
    await daemon?.stop("SIGKILL")
    rmSync(`${ledger}-wal`)
    await start()
    expect(daemon?.output()).toContain(missed)
  }, 120_000)
})

describe("what a client has uploaded", () => {
  it("is not swept when the ledger is lost, and is there again with it", async () => {
    const client = await start()
    const { id } = await client.files.create({
      file: new File(["some text"], "some.txt"),
      purpose: "user_data",
    })
    await stop()
    renameSync(ledger, `${ledger}.elsewhere`)
    const other = await start()
    expect(daemon?.output()).toContain("the home was used before, but there is no ledger")
    await expect(other.files.retrieve(id)).rejects.toMatchObject({ status: 404 })
    await stop()
    await start()
    await stop()
    renameSync(`${ledger}.elsewhere`, ledger)
    const again = await start()
    expect(await (await again.files.content(id)).text()).toBe("some text")
  }, 120_000)
})
