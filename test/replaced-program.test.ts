import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFile, cp, readdir, rename, rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import OpenAI from "openai"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { createTempDir, type TempDir } from "./support/temp-dir.ts"
import { waitFor } from "./support/wait-for.ts"

const root = resolve(import.meta.dirname, "..")
const run = promisify(execFile)

/** As an upgrade leaves it that is not followed by a restart: the service runs, and its program is gone. */
describe("a service whose program was removed while it runs", () => {
  let folder: TempDir
  let url = ""
  let stop = async (): Promise<void> => {}

  beforeAll(async () => {
    folder = await createTempDir("replaced")
    const program = join(folder.path, "program")
    const dist = join(program, "dist")
    await run(process.execPath, [join(root, "scripts/build.ts"), "--out", dist])
    await copyFile(join(root, "package.json"), join(program, "package.json"))
    await cp(join(root, "bin"), join(program, "bin"), { recursive: true })
    const args = ["daemon", "--port", "0", "--cli", "no-such-cli", "--demo-fallback"]
    const child = spawn(process.execPath, [join(dist, "main.js"), ...args], {
      env: { HOME: folder.path, PATH: process.env.PATH ?? "", AI_AGENT_PROXY_LOG_LEVEL: "debug" },
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
    const logged = (pattern: RegExp, what: string) =>
      waitFor(
        () => {
          if (child.exitCode !== null) throw new Error(`the program ended: ${output}`)
          return pattern.exec(output)
        },
        { what, timeoutMs: 30_000 },
      )
    url = (await logged(/listening on (http:\S+?)"/, "the program to listen"))[1] ?? ""
    await logged(/the whole program is in memory/, "the program to be in memory")
    await rename(program, join(folder.path, "elsewhere"))
    await rm(join(folder.path, "elsewhere"), { recursive: true })
  }, 90_000)

  afterAll(async () => {
    await stop()
    await folder.remove()
  })

  it("has the API's document", async () => {
    const response = await fetch(`${url}/openapi.json`)
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { info: { title: expect.any(String) } },
    ])
  })

  it("takes WebSockets", async () => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/responses`)
    await once(socket, "open")
    const closed = once(socket, "close")
    socket.close()
    await closed
  })

  it("starts the thread that checks JSON Schemas", async () => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 })
    const properties = { answer: { type: "string" } }
    const schema = { type: "object", properties, required: ["answer"], additionalProperties: false }
    const { choices } = await client.chat.completions.create({
      model: "manager",
      messages: [{ role: "user", content: "Answer." }],
      response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
    })
    expect(JSON.parse(choices[0]?.message.content ?? "")).toEqual({ answer: expect.any(String) })
  })

  it("streams turns, and shows its page", async () => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 })
    const stream = await client.responses.create({ model: "manager", input: "Hello.", stream: true })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types.at(-1)).toBe("response.completed")
    expect((await fetch(`${url}/`)).status).toBe(200)
  })

  it("leaves agents a command that says so", async () => {
    const command = join(folder.path, ".ai_agent_proxy", ".bin", "ai-agent-proxy")
    expect(await readdir(join(folder.path, ".ai_agent_proxy", ".bin"))).toEqual(["ai-agent-proxy"])
    const ran = await run(command, ["reply", "x"]).catch(
      (error: { readonly code: number; readonly stderr: string }) => error,
    )
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /is not there any more: .*replaced or removed.*ai-agent-proxy restart\n$/,
      ),
    })
  })
})
