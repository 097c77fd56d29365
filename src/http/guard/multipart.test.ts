import { Buffer } from "node:buffer"
import { describe, expect, it } from "vitest"
import { readMultipart } from "./multipart.ts"

interface ReadPart {
  readonly name: string
  readonly filename: string | null
  readonly contentType: string | null
  readonly text: string
}

async function* inPieces(body: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < body.length; start += size) yield body.subarray(start, start + size)
}

async function read(body: string | Buffer, size = 1000, boundary = "b"): Promise<ReadPart[]> {
  const parts: ReadPart[] = []
  for await (const { name, filename, contentType, content } of readMultipart(
    inPieces(Buffer.from(body), size),
    boundary,
  )) {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    parts.push({ name, filename, contentType, text: Buffer.concat(chunks).toString("latin1") })
  }
  return parts
}

const form = [
  "--b",
  'Content-Disposition: form-data; name="purpose"',
  "",
  "user_data",
  "--b  ",
  'content-disposition: form-data; name="file"; filename="a.txt"',
  "Content-Type: text/plain",
  "",
  "one\r\n--bb is no boundary\r\n-",
  "--b",
  'Content-Disposition: form-data; name="empty"; filename="e"',
  "",
  "",
  "--b--",
  "epilogue",
].join("\r\n")

describe("a form", () => {
  it.each([1, 2, 3, 7, 64, 1000])("is the same in pieces of %i bytes", async (size) => {
    const clean = form.replace("--bb is no boundary", "-- b is no boundary")
    expect(await read(clean, size)).toEqual([
      { name: "purpose", filename: null, contentType: null, text: "user_data" },
      {
        name: "file",
        filename: "a.txt",
        contentType: "text/plain",
        text: "one\r\n-- b is no boundary\r\n-",
      },
      { name: "empty", filename: "e", contentType: null, text: "" },
    ])
  })

  it("holds bytes of any value", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
    const body = Buffer.concat([
      Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'),
      bytes,
      Buffer.from("\r\n--b--\r\n"),
    ])
    expect((await read(body, 5))[0]?.text).toBe(bytes.toString("latin1"))
  })

  it("may be read in part: a content that nobody wants is skipped", async () => {
    const names: string[] = []
    const clean = form.replace("--bb is no boundary", "x")
    for await (const part of readMultipart(inPieces(Buffer.from(clean), 5), "b")) names.push(part.name)
    expect(names).toEqual(["purpose", "file", "empty"])
  })

  it.each([
    ['filename="na\u00efve.txt"', "na\u00efve.txt"],
    ['filename="a%22b%0D%0A.txt"', 'a"b\r\n.txt'],
    ['filename="a\\"b.txt"', 'a"b.txt'],
    ["filename=plain.txt", "plain.txt"],
    ["filename=\"x\"; filename*=UTF-8''na%C3%AFve.txt", "na\u00efve.txt"],
    ["filename=\"x\"; filename*=UTF-8''%ff", "x"],
  ])("may name its file as %s", async (parameter, filename) => {
    const body = `--b\r\nContent-Disposition: form-data; name="file"; ${parameter}\r\n\r\n\r\n--b--`
    expect((await read(body))[0]?.filename).toBe(filename)
  })

  it.each([
    ["nothing", ""],
    ["no boundary", "hello"],
    ["no end", '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\ntext'],
    ["an end in its headers", "--b\r\nContent-Disp"],
    ["text behind a boundary", "--bb\r\n\r\n\r\n--b--"],
    ["no name", "--b\r\nContent-Disposition: form-data\r\n\r\n\r\n--b--"],
    ["no headers", "--b\r\n\r\ntext\r\n--b--"],
    ["a very long preamble", `${"x".repeat(20_000)}\r\n--b--`],
    ["very long headers", `--b\r\nx: ${"x".repeat(20_000)}\r\n\r\n\r\n--b--`],
  ])("with %s is refused", async (_what, body) => {
    await expect(read(body)).rejects.toMatchObject({ code: "invalid_request" })
  })
})

it("a reader that stops in the middle lets go of what it was given", async () => {
  let isLetGo = false
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n')
    } finally {
      isLetGo = true
    }
  }
  for await (const part of readMultipart(chunks(), "b")) if (part.name === "a") break
  expect(isLetGo).toBe(true)
})
