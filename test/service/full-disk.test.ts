import { spawnSync } from "node:child_process"
import { statSync } from "node:fs"
import { join } from "node:path"
import OpenAI from "openai"
import { afterEach, expect, it } from "vitest"
import { type DaemonProcess, startDaemonProcess } from "../support/daemon-process.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

let folder: TempDir | null = null
let daemon: DaemonProcess | null = null

afterEach(async () => {
  await daemon?.stop()
  daemon = null
  await folder?.remove()
})

async function startDemo() {
  folder = await createTempDir("full-disk")
  daemon = await startDaemonProcess({
    userHome: folder.path,
    env: { PATH: "/usr/bin:/bin", HOME: folder.path },
    args: ["--demo-fallback"],
  })
  const ledgerLog = join(folder.path, ".ai_agent_proxy", "state.db-wal")
  return {
    daemon,
    ledgerLog,
    client: new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: "none", maxRetries: 0 }),
  }
}

const canLimit = spawnSync("prlimit", ["--version"]).status === 0

/** No file of the daemon may become larger than `bytes`: the nearest to a full disk that needs no disk of its own. */
function limitFiles(pid: number, bytes: number | "unlimited"): void {
  const { status, stderr } = spawnSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:`])
  if (status !== 0) throw new Error(`prlimit failed: ${stderr}`)
}

it.skipIf(!canLimit)(
  `says that the disk is full, ends what ran as failed, and goes on by itself when there is room${canLimit ? "" : " (skipped: no prlimit here)"}`,
  async () => {
    const { daemon, client, ledgerLog } = await startDemo()
    const say = () => client.responses.create({ model: "manager", input: "say hello" })
    await say()
    const stream = await client.responses.create({ model: "manager", input: "count to 200", stream: true })
    const types: string[] = []
    let id = ""
    let failure: unknown = null
    try {
      for await (const event of stream) {
        if (event.type === "response.created") id = event.response.id
        // What cannot be stored ends the turn: it has to have said something first.
        if (event.type === "response.output_text.delta" && !types.includes(event.type)) {
          limitFiles(daemon.pid, statSync(ledgerLog).size)
        }
        types.push(event.type)
      }
    } catch (error) {
      failure = error
    }
    const full = { code: "storage_failed", message: expect.stringContaining("ledger") }
    // The agent had begun: a client must not repeat it, so it is told as final.
    const told = { code: "invalid_prompt", message: expect.stringContaining("ledger") }
    expect(failure).toMatchObject(told)
    expect(types).toContain("response.output_text.delta")
    // The ledger still has it as one that runs.
    expect(await client.responses.retrieve(id)).toMatchObject({ status: "failed" })
    await expect(say()).rejects.toMatchObject({ ...full, status: 503 })

    limitFiles(daemon.pid, "unlimited")
    expect((await say()).output_text).toBe("hello")
    await waitFor(() => daemon.output().includes("stored at last"), {
      what: "the end of the turn to be stored",
      timeoutMs: 60_000,
    })
    expect(await client.responses.retrieve(id)).toMatchObject({ status: "failed", error: told })
  },
  120_000,
)
