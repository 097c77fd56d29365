import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import OpenAI from "openai"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { resultOf } from "../support/command.ts"
import { type DaemonProcess, spawnCommand, startDaemonProcess } from "../support/daemon-process.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

let folder: TempDir
let daemon: DaemonProcess
let client: OpenAI
let home: string
let env: Record<string, string>

beforeEach(async () => {
  folder = await createTempDir("moved")
  home = join(folder.path, ".ai_agent_proxy")
  env = { PATH: "/usr/bin:/bin", HOME: folder.path }
  daemon = await startDaemonProcess({ userHome: folder.path, env, args: ["--demo-fallback"] })
  client = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: "none", maxRetries: 0 })
  await say()
})
afterEach(async () => {
  await daemon.stop("SIGKILL")
  await folder.remove()
})

const say = () => client.responses.create({ model: "manager", input: "say hello" })
const command = (...args: string[]) => resultOf(spawnCommand(args, { ...env, AI_AGENT_PROXY_HOME: home }))
const ledger = () => join(home, "state.db")
const away = () => join(folder.path, "away")

async function ready() {
  const answer = await fetch(`${daemon.url}/ready`)
  return { http: answer.status, ...((await answer.json()) as object) }
}

async function untilSocketAnswers(): Promise<void> {
  await waitFor(async () => ((await command("status", "--json")).code === 0 ? true : undefined), {
    what: "the socket to be there again",
    timeoutMs: 60_000,
  })
}

const accidents: readonly (readonly [string, () => void, string])[] = [
  ["the home is moved away", () => renameSync(home, away()), "moved away or deleted"],
  ["the home is deleted", () => rmSync(home, { recursive: true }), "moved away or deleted"],
  ["the ledger is moved away", () => renameSync(ledger(), away()), "moved away or deleted"],
  ["the ledger is deleted", () => rmSync(ledger()), "moved away or deleted"],
  ["the write-ahead log is deleted", () => rmSync(`${ledger()}-wal`), "write-ahead log"],
  [
    "the ledger is replaced by a copy of itself",
    () => {
      copyFileSync(ledger(), away())
      renameSync(away(), ledger())
    },
    "was replaced",
  ],
]

describe("a home that is taken away from a running service", () => {
  it.each(accidents)(
    "nothing is told as stored any more once %s, on no way of asking",
    async (_, accident, words) => {
      accident()
      const refusal = { status: 503, code: "storage_failed", message: expect.stringContaining(words) }
      await expect(say()).rejects.toMatchObject(refusal)
      const messages = [{ role: "user" as const, content: "say hello" }]
      await expect(client.chat.completions.create({ model: "manager", messages })).rejects.toMatchObject(
        refusal,
      )
      const inBackground = { model: "manager", input: "say hello", background: true }
      await expect(client.responses.create(inBackground)).rejects.toMatchObject(refusal)
      await expect(
        client.responses.create({ ...inBackground, background: false, stream: true }),
      ).rejects.toMatchObject(refusal)
      await expect(client.conversations.create({})).rejects.toMatchObject(refusal)
      expect(await ready()).toMatchObject({
        http: 503,
        status: "not_ready",
        code: "storage_failed",
        reason: expect.stringContaining(words),
      })
    },
    120_000,
  )

  it("ends a turn that runs when the home goes as failed, in its stream and for whoever asks for it", async () => {
    const stream = await client.responses.create({ model: "manager", input: "count to 200", stream: true })
    let failure: unknown = null
    let last = ""
    let id = ""
    try {
      for await (const event of stream) {
        last = event.type
        if (event.type !== "response.created") continue
        id = event.response.id
        renameSync(home, away())
      }
    } catch (error) {
      failure = error
    }
    expect({ last, failure }).not.toMatchObject({ last: "response.completed" })
    // The agent had begun, and no item tells of it: told as final, with the words for it.
    const told = { code: "invalid_prompt", message: expect.stringContaining("ledger") }
    expect(failure).toMatchObject(told)
    expect(await client.responses.retrieve(id)).toMatchObject({ status: "failed", error: told })
  }, 120_000)

  it("goes on by itself when the home is put back, with all that was said before", async () => {
    const before = await say()
    renameSync(home, away())
    await expect(say()).rejects.toMatchObject({ code: "storage_failed" })
    expect(await ready()).toMatchObject({ http: 503 })
    renameSync(away(), home)
    expect((await say()).output_text).toBe("hello")
    expect(await ready()).toEqual({ http: 200, status: "ready" })
    expect((await client.responses.retrieve(before.id)).output_text).toBe("hello")
  }, 120_000)

  it("makes nothing at the place that the home was moved away from", async () => {
    renameSync(home, away())
    await expect(say()).rejects.toMatchObject({ code: "storage_failed" })
    const form = { file: new File(["some text"], "some.txt"), purpose: "user_data" as const }
    await expect(client.files.create(form)).rejects.toMatchObject({ status: 503, code: "storage_failed" })
    const file = {
      type: "input_file" as const,
      filename: "a.txt",
      file_data: "data:text/plain;base64,aGVsbG8=",
    }
    const inline = client.responses.create({ model: "manager", input: [{ role: "user", content: [file] }] })
    await expect(inline).rejects.toMatchObject({ status: 503, code: "storage_failed" })
    await waitFor(() => daemon.output().includes("was moved away, deleted or replaced"), {
      what: "the home to be missed",
      timeoutMs: 60_000,
    })
    expect(existsSync(home)).toBe(false)
  }, 120_000)

  it("says in `status` and `doctor` that nothing can be stored", async () => {
    renameSync(ledger(), away())
    const status = await command("status")
    expect(status.stdout).toContain("moved away or deleted")
    const doctor = await command("doctor")
    expect(doctor.stdout).toMatch(/FAIL {2}storage .*moved away or deleted/)
  }, 120_000)
})

describe("an agent's folder that is moved away", () => {
  it("takes its agent with it: the manager is not ready, and says so until it is put back", async () => {
    const folderOf = join(home, "manager")
    renameSync(folderOf, away())
    await waitFor(async () => !(await fetch(`${daemon.url}/ready`)).ok, {
      what: "the manager to be missed",
      timeoutMs: 30_000,
    })
    await expect(say()).rejects.toMatchObject({ status: 400, code: "agent_not_ready" })
    expect(existsSync(folderOf)).toBe(false)
    renameSync(away(), folderOf)
    await waitFor(async () => (await fetch(`${daemon.url}/ready`)).ok, {
      what: "the manager to be back",
      timeoutMs: 30_000,
    })
    expect((await say()).output_text).toBe("hello")
  }, 120_000)
})

describe("what the service keeps in its home", () => {
  it("makes its socket again when somebody removes it", async () => {
    rmSync(join(home, "daemon.sock"))
    await untilSocketAnswers()
  }, 120_000)

  it("keeps a second daemon out although somebody removed the lock", async () => {
    rmSync(join(home, "daemon.lock"))
    const second = await command("daemon", "--port", "0", "--demo-fallback")
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining("another daemon") })
    await waitFor(() => daemon.output().includes("lock of the home was removed"), {
      what: "the lock to be made again",
      timeoutMs: 60_000,
    })
    rmSync(join(home, "daemon.sock"))
    const third = await command("daemon", "--port", "0", "--demo-fallback")
    expect(third).toMatchObject({ code: 1, stderr: expect.stringContaining("another daemon") })
  }, 120_000)

  it("goes on without the folder of uploaded files, and says of a file that was in it that it is gone", async () => {
    const form = () => ({ file: new File(["some text"], "some.txt"), purpose: "user_data" as const })
    const { id } = await client.files.create(form())
    rmSync(join(home, "files"), { recursive: true })
    await expect(client.files.content(id)).rejects.toMatchObject({ status: 404, code: "file_not_found" })
    const again = await client.files.create(form())
    expect(await (await client.files.content(again.id)).text()).toBe("some text")
  }, 120_000)
})
