import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFile, readFile, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import OpenAI from "openai"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { createTempDir, type TempDir } from "./support/temp-dir.ts"
import { waitFor } from "./support/wait-for.ts"

const root = resolve(import.meta.dirname, "..")

/** Away from the checkout: what is not in the bundle is not there. */
describe("the built program, with no package beside it", () => {
  let folder: TempDir
  let url = ""
  let stop = async (): Promise<void> => {}

  beforeAll(async () => {
    folder = await createTempDir("built")
    const dist = join(folder.path, "dist")
    await promisify(execFile)(process.execPath, [join(root, "scripts/build.ts"), "--out", dist])
    await copyFile(join(root, "package.json"), join(folder.path, "package.json"))
    const args = ["daemon", "--port", "0", "--cli", "no-such-cli", "--demo-fallback"]
    const child = spawn(process.execPath, [join(dist, "main.js"), ...args], {
      env: { HOME: folder.path, PATH: process.env.PATH ?? "" },
      stdio: ["ignore", "ignore", "pipe"],
    })
    const exited = once(child, "exit")
    stop = async () => {
      child.kill("SIGTERM")
      await exited
    }
    let output = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
    url = await waitFor(
      () => {
        if (child.exitCode !== null) throw new Error(`the program ended: ${output}`)
        return /listening on (http:\S+?)"/.exec(output)?.[1]
      },
      { what: "the program to listen", timeoutMs: 30_000 },
    )
  }, 90_000)

  afterAll(async () => {
    await stop()
    await folder.remove()
  })

  it("knows its version", async () => {
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
    const main = join(folder.path, "dist", "main.js")
    const { stdout } = await promisify(execFile)(process.execPath, [main, "--version"])
    expect(stdout).toBe(`${version}\n`)
  })

  it("answers in the form of a schema, which its second thread checks", async () => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 })
    const schema = {
      type: "object",
      properties: { answer: { type: "string" } },
      required: ["answer"],
      additionalProperties: false,
    }
    const { choices } = await client.chat.completions.create({
      model: "manager",
      messages: [{ role: "user", content: "Answer." }],
      response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
    })
    expect(JSON.parse(choices[0]?.message.content ?? "")).toEqual({ answer: expect.any(String) })
  })

  it("loads what it does not need at its start: the API's document, WebSockets", async () => {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string }
    expect(document.openapi).toMatch(/^3\.1/)
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/responses`)
    await once(socket, "open")
    const closed = once(socket, "close")
    socket.close()
    await closed
  })

  it("tells in `status` and `doctor` that it was replaced", async () => {
    const manifest = join(folder.path, "package.json")
    const before = await readFile(manifest, "utf8")
    const { version } = JSON.parse(before)
    await writeFile(manifest, JSON.stringify({ ...JSON.parse(before), version: "99.0.0" }))
    const env = { HOME: folder.path, PATH: process.env.PATH ?? "" }
    for (const command of ["status", "doctor"]) {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [join(folder.path, "dist", "main.js"), command],
        { env },
      ).catch((error: { readonly stdout: string }) => error)
      expect(stdout).toContain(`the service runs ${version} still, and the program on the disk is 99.0.0`)
    }
    await writeFile(manifest, before)
  })

  it("brings the licences of all that is in it", async () => {
    const text = await readFile(join(folder.path, "dist", "THIRD-PARTY-LICENSES.txt"), "utf8")
    for (const name of ["hono", "zod", "pino", "ws", "ajv", "commander"]) {
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)$`, "m"))
    }
  })
})
