import { readFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import type OpenAI from "openai"
import { toFile } from "openai"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { callsOf, outputsFor, tools, twoCalls } from "../support/client-functions.ts"
import { descendantsOf } from "../support/processes.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

describe("a client that does what nobody expects", () => {
  let service: TestService
  let client: OpenAI

  beforeAll(async () => {
    service = await startTestService({
      config: {
        apiKeys: new Map([
          ["ann", "key-a"],
          ["bob", "key-b"],
        ]),
      },
    })
    client = service.clientWith({ apiKey: "key-a" })
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())

  const commands = (line: string) =>
    descendantsOf(process.pid).filter(({ commandLine }) => commandLine === line).length

  /** A background response whose agent has begun with a command. */
  async function running(line: string): Promise<string> {
    const input = `[[shell:${line}]]`
    const { id } = await client.responses.create({ model: "manager", input, background: true })
    await waitFor(() => commands(line) === 1, { what: "the command to run", timeoutMs: 30_000 })
    return id
  }

  it("deletes an answer while it is made: its command ends, and it is unknown from then on", async () => {
    const id = await running("sleep 71")
    await client.responses.delete(id)
    await waitFor(() => commands("sleep 71") === 0, { what: "the command to end", timeoutMs: 30_000 })
    const unknown = { status: 404, code: "response_not_found" }
    await expect(client.responses.retrieve(id)).rejects.toMatchObject(unknown)
    await expect(client.responses.delete(id)).rejects.toMatchObject(unknown)
    await expect(client.responses.cancel(id)).rejects.toMatchObject(unknown)
    await expect(
      client.responses.create({ model: "manager", input: "x", previous_response_id: id }),
    ).rejects.toMatchObject({ status: 400, code: "previous_response_not_found" })
  })

  it("cancels one three times at once, and another's not at all", async () => {
    const id = await running("sleep 72")
    const bob = service.clientWith({ apiKey: "key-b" })
    await expect(bob.responses.cancel(id)).rejects.toMatchObject({ status: 404 })
    await expect(bob.responses.delete(id)).rejects.toMatchObject({ status: 404 })
    await expect(
      bob.responses.create({ model: "manager", input: "x", previous_response_id: id }),
    ).rejects.toMatchObject({ status: 400, code: "previous_response_not_found" })
    expect(commands("sleep 72")).toBe(1)
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => client.responses.cancel(id)))
    expect(first?.status).toBe("cancelled")
    for (const other of others) expect(other).toEqual(first)
    await waitFor(() => commands("sleep 72") === 0, { what: "the command to end", timeoutMs: 30_000 })
  })

  it("reads a stream behind its end: it gets the end, with the numbers behind its own", async () => {
    const { id } = await client.responses.create({ model: "manager", input: "[[say:short]]" })
    const stream = await client.responses.retrieve(id, { stream: true, starting_after: 999_999 })
    const events: unknown[] = []
    for await (const event of stream) events.push(event)
    expect(events).toMatchObject([{ type: "response.completed", sequence_number: 1_000_000 }])
  })

  it("answers the same calls three times at once: each goes on, and what was done before is done once", async () => {
    const counter = join(service.home, "hostile-counter")
    const first = await client.responses.create({
      model: "manager",
      input: `[[shell:echo x >> ${counter}]][[then]]${twoCalls}[[say:done]]`,
      tools,
    })
    expect(callsOf(first)).toHaveLength(2)
    const answer = () =>
      client.responses.create({
        model: "manager",
        previous_response_id: first.id,
        input: outputsFor(first),
        tools,
      })
    const answers = await Promise.all([answer(), answer(), answer()])
    expect(answers.map((response) => response.output_text)).toEqual(["done", "done", "done"])
    expect(readFileSync(counter, "utf8")).toBe("x\n")
  })

  it("deletes a file while its turn waits to read it: the turn has its own copy", async () => {
    const file = await client.files.create({
      file: await toFile(Buffer.from("still readable\n"), "plan.txt"),
      purpose: "user_data",
    })
    const gate = join(service.home, "gate")
    const reading = client.responses.create({
      model: "manager",
      input: [
        {
          role: "user",
          content: [
            {
              type: "input_text",
              text: `[[shell:until [ -e ${gate} ]; do sleep 0.05; done; cat inbox/*plan.txt]]`,
            },
            { type: "input_file", file_id: file.id },
          ],
        },
      ],
    })
    await waitFor(() => service.model.requests.length > 0, { what: "the turn to begin", timeoutMs: 30_000 })
    await client.files.delete(file.id)
    await client.responses.create({ model: "manager", input: `[[shell:touch ${gate}]]` })
    const output = (await reading).output.find((item) => item.type === "mcp_call")?.output
    expect(output).toContain("still readable")
  })

  it("sends its body byte by byte, and another leaves in the middle of its own", async () => {
    const headers = { authorization: "Bearer key-a", "content-type": "application/json" }
    const body = JSON.stringify({ model: "manager", input: "[[say:slow]]" })
    const lost = request(`${service.url}/v1/responses`, {
      method: "POST",
      headers: { ...headers, "content-length": 1000 },
    })
    lost.on("error", () => {})
    lost.write("{")
    const upload = request(`${service.url}/v1/responses`, { method: "POST", headers })
    const answered = new Promise<string>((resolve, reject) => {
      upload.on("error", reject)
      upload.on("response", async (answer) => {
        let text = ""
        for await (const chunk of answer) text += chunk
        resolve(text)
      })
    })
    for (const byte of body) {
      await new Promise((resolve) => upload.write(byte, resolve))
    }
    lost.destroy()
    upload.end()
    expect(JSON.parse(await answered)).toMatchObject({ status: "completed" })
    expect(service.logged.filter(({ level }) => level === "error")).toEqual([])
  })
})
