import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { toFile } from "openai"
import type { ResponseInputContent } from "openai/resources/responses/responses"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { FetchError, type UrlFetcher } from "../../src/domain/files.ts"
import { conversationOf, imagesOf, toolOutputsOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

const pngBase64 =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
const png = Buffer.from(pngBase64, "base64")
const pngUrl = `data:image/png;base64,${pngBase64}`

/** What lies in the web; an address that is not in it cannot be fetched. */
const web = new Map<string, { readonly bytes: Uint8Array; readonly mimeType: string }>()
let fetched: string[] = []

const fetcher: UrlFetcher = {
  async fetch(url) {
    fetched.push(url)
    const found = web.get(url)
    if (found === undefined) throw new FetchError("the server answered with status 404")
    return { ...found, filename: url.split("/").at(-1) ?? null }
  },
}

let service: TestService

beforeAll(async () => {
  service = await startTestService({ fetcher })
})
afterAll(() => service.stop())
beforeEach(() => {
  service.model.clearRequests()
  web.clear()
  fetched = []
})

const base64 = (text: string) => Buffer.from(text).toString("base64")
const inbox = () => join(service.home, "manager", "inbox")
const saved = async () => (await readdir(inbox())).filter((name) => name !== "unstored")

function lastConversation(): string[] {
  const request = service.model.requests.at(-1)
  if (request === undefined) throw new Error("the model server got no request")
  return conversationOf(request).map(({ text }) => text)
}

function ask(text: string, ...parts: ResponseInputContent[]) {
  return service.client.responses.create({
    model: "manager",
    input: [{ role: "user", content: [{ type: "input_text", text }, ...parts] }],
  })
}

/** The path in the line that tells the agent of a file. */
function pathIn(text: string): string {
  return /It is saved at (\/\S+) \(/.exec(text)?.[1] ?? "no path"
}

describe("a file of a request", () => {
  it("lies in the agent's inbox, the agent is told where, and its shell reads it", async () => {
    await ask("[[shell:cat inbox/*-plan.md]][[say:read]]", {
      type: "input_file",
      filename: "../../plan.md",
      file_data: `data:text/markdown;base64,${base64("# The plan\n")}`,
    })
    expect(service.model.requests.flatMap(toolOutputsOf).map(({ text }) => text)).toEqual([
      expect.stringContaining("# The plan"),
    ])
    const [told = ""] = lastConversation()
    expect(told).toContain("(text/markdown, 11 bytes)")
    const path = pathIn(told)
    expect(path).toMatch(new RegExp(`^${inbox()}/[0-9a-f]{24}-plan\\.md$`))
    expect(await readFile(path, "utf8")).toBe("# The plan\n")
  })

  it("is told by chat as well, and is neither saved nor told twice when the history is sent again", async () => {
    const file = { type: "file" as const, file: { filename: "data.csv", file_data: base64("a,b\n1,2\n") } }
    const question = {
      role: "user" as const,
      content: [{ type: "text" as const, text: "[[say:seen]] first" }, file],
    }
    const before = (await saved()).length
    await service.client.chat.completions.create({ model: "manager", messages: [question] })
    await service.client.chat.completions.create({
      model: "manager",
      messages: [
        question,
        { role: "assistant", content: "seen" },
        { role: "user", content: "[[say:done]] second" },
      ],
    })
    const told = lastConversation()
    expect(told).toEqual([expect.stringContaining("first"), "seen", "[[say:done]] second"])
    expect(told[0]?.match(/It is saved at/g)).toHaveLength(1)
    expect(told[0]).toContain("(text/csv, 8 bytes)")
    expect(new Set(service.model.requests.map(({ headers }) => headers["thread-id"])).size).toBe(1)
    expect((await saved()).length).toBe(before + 1)
  })

  it("may be uploaded before, and may be gone when its history is sent again", async () => {
    const { client } = service
    const file = await client.files.create({
      file: await toFile(Buffer.from("uploaded"), "up load.txt"),
      purpose: "user_data",
    })
    const question = {
      role: "user" as const,
      content: [
        { type: "text" as const, text: "[[say:ok]] read it" },
        { type: "file" as const, file: { file_id: file.id } },
      ],
    }
    await client.chat.completions.create({ model: "manager", messages: [question] })
    const path = pathIn(lastConversation()[0] ?? "")
    expect(path).toMatch(/-up_load\.txt$/)
    expect(await readFile(path, "utf8")).toBe("uploaded")
    await client.files.delete(file.id)
    await client.chat.completions.create({
      model: "manager",
      messages: [
        question,
        { role: "assistant", content: "ok" },
        { role: "user", content: "[[say:on]] go on" },
      ],
    })
    expect(lastConversation().at(-1)).toBe("[[say:on]] go on")
    expect(new Set(service.model.requests.map(({ headers }) => headers["thread-id"])).size).toBe(1)
    await expect(
      client.chat.completions.create({ model: "manager", messages: [question] }),
    ).rejects.toMatchObject({ status: 400, param: "messages[0].content[1].file.file_id" })
  })

  it("may be named by its address", async () => {
    web.set("https://files.example/r.pdf", { bytes: Buffer.from("%PDF-"), mimeType: "application/pdf" })
    await ask("[[say:ok]]", { type: "input_file", file_url: "https://files.example/r.pdf" })
    expect(lastConversation()[0]).toMatch(/-r\.pdf \(application\/pdf, 5 bytes\)/)
  })

  it("may be the output of a function", async () => {
    const tools = [{ type: "function" as const, name: "get_log", parameters: null, strict: false }]
    const first = await service.client.responses.create({
      model: "manager",
      input: "[[tool:get_log:{}]][[say:done]]",
      tools,
    })
    const call = first.output.find((item) => item.type === "function_call")
    await service.client.responses.create({
      model: "manager",
      previous_response_id: first.id,
      tools,
      input: [
        {
          type: "function_call_output",
          call_id: call?.call_id ?? "",
          output: [{ type: "input_file", filename: "the.log", file_data: base64("line 1\n") }],
        },
      ],
    })
    const outputs = service.model.requests.flatMap(toolOutputsOf).map(({ text }) => text)
    expect(outputs.some((text) => /It is saved at \S+-the\.log \(/.test(text))).toBe(true)
  })

  it("of an answer that is not kept is gone with it", async () => {
    const before = await saved()
    await service.client.responses.create({
      model: "manager",
      store: false,
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "[[shell:cat inbox/unstored/*]][[say:ok]]" },
            { type: "input_file", filename: "s.txt", file_data: base64("secret") },
          ],
        },
      ],
    })
    expect(service.model.requests.flatMap(toolOutputsOf)[0]?.text).toContain("secret")
    expect(await saved()).toEqual(before)
    await expect.poll(() => readdir(join(inbox(), "unstored"))).toEqual([])
  })

  it("comes back among the input items as it was sent, without its content", async () => {
    const response = await ask("[[say:ok]]", {
      type: "input_file",
      filename: "n.txt",
      file_data: base64("x"),
    })
    const { data } = await service.client.responses.inputItems.list(response.id)
    expect(data[0]).toMatchObject({
      role: "user",
      content: [
        { type: "input_text", text: "[[say:ok]]" },
        { type: "input_file", filename: "n.txt" },
      ],
    })
  })

  it("may stand in a conversation that is made with it", async () => {
    const { client } = service
    const conversation = await client.conversations.create({
      items: [
        {
          type: "message",
          role: "user",
          content: [{ type: "input_file", filename: "c.txt", file_data: base64("kept") }],
        },
      ],
    })
    await client.responses.create({ model: "manager", conversation: conversation.id, input: "[[say:ok]]" })
    expect(await readFile(pathIn(lastConversation().join("\n")), "utf8")).toBe("kept")
  })
})

describe("an image", () => {
  it("may be uploaded before", async () => {
    const file = await service.client.files.create({ file: await toFile(png, "x.bin"), purpose: "vision" })
    const response = await ask("[[image]]", { type: "input_image", file_id: file.id, detail: "auto" })
    expect(response.output_text).toBe(`image:image/png:${png.length}`)
    const { data } = await service.client.responses.inputItems.list(response.id)
    expect(data[0]).toMatchObject({ content: [{}, { type: "input_image", file_id: file.id }] })
  })

  it("may be named by its address, and is fetched once, however often its history is sent", async () => {
    const url = "https://pictures.example/a.png"
    web.set(url, { bytes: png, mimeType: "image/png" })
    const question = {
      role: "user" as const,
      content: [
        { type: "text" as const, text: "[[image]]" },
        { type: "image_url" as const, image_url: { url } },
      ],
    }
    const first = await service.client.chat.completions.create({ model: "manager", messages: [question] })
    const answer = first.choices[0]?.message.content ?? ""
    expect(answer).toBe(`image:image/png:${png.length}`)
    web.clear()
    await service.client.chat.completions.create({
      model: "manager",
      messages: [question, { role: "assistant", content: answer }, { role: "user", content: "[[say:on]]" }],
    })
    expect(fetched).toEqual([url])
    const last = service.model.requests.at(-1)
    expect(last === undefined ? [] : imagesOf(last).map((image) => image.bytes)).toEqual([png.length])
    expect(lastConversation().at(-1)).toBe("[[say:on]]")
  })

  it("is fetched again for a history that no thread holds", async () => {
    const url = "https://pictures.example/b.png"
    web.set(url, { bytes: png, mimeType: "image/png" })
    await service.client.chat.completions.create({
      model: "manager",
      messages: [
        { role: "user", content: [{ type: "image_url", image_url: { url } }] },
        { role: "assistant", content: "never said here" },
        { role: "user", content: "[[say:on]]" },
      ],
    })
    const last = service.model.requests.at(-1)
    expect(last === undefined ? [] : imagesOf(last).map((image) => image.mediaType)).toEqual(["image/png"])
  })

  it("that cannot be had is a 400 that names its field", async () => {
    const image = (url: string) =>
      service.client.chat.completions.create({
        model: "manager",
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }],
      })
    web.set("https://pictures.example/page", { bytes: Buffer.from("<p>"), mimeType: "image/png" })
    for (const url of [
      "https://pictures.example/none.png",
      "https://pictures.example/page",
      "http://pictures.example/a.png",
      "ftp://pictures.example/a.png",
    ]) {
      await expect(image(url)).rejects.toMatchObject({
        status: 400,
        param: "messages[0].content[0].image_url.url",
        code: "invalid_request",
      })
    }
    const response = ask("x", { type: "input_image", file_id: "file-none", detail: "auto" })
    await expect(response).rejects.toMatchObject({ status: 400, param: "input[0].content[1].file_id" })
    expect(service.model.requests).toEqual([])
  })
})

it("an inline image and a text are the same history as ever", async () => {
  const question = {
    role: "user" as const,
    content: [
      { type: "text" as const, text: "[[image]] look" },
      { type: "image_url" as const, image_url: { url: pngUrl } },
    ],
  }
  const first = await service.client.chat.completions.create({ model: "manager", messages: [question] })
  await service.client.chat.completions.create({
    model: "manager",
    messages: [
      question,
      { role: "assistant", content: first.choices[0]?.message.content ?? "" },
      { role: "user", content: "[[say:on]]" },
    ],
  })
  expect(new Set(service.model.requests.map(({ headers }) => headers["thread-id"])).size).toBe(1)
})

describe("with fetch_urls = false", () => {
  it("an address is refused by its field, and nothing is fetched", async () => {
    const closed = await startTestService({ fetcher, config: { fetchUrls: false } })
    try {
      web.set("https://pictures.example/a.png", { bytes: png, mimeType: "image/png" })
      await expect(
        closed.client.chat.completions.create({
          model: "manager",
          messages: [
            {
              role: "user",
              content: [{ type: "image_url", image_url: { url: "https://pictures.example/a.png" } }],
            },
          ],
        }),
      ).rejects.toMatchObject({ status: 400, param: "messages[0].content[0].image_url.url" })
      expect(fetched).toEqual([])
    } finally {
      await closed.stop()
    }
  })
})
