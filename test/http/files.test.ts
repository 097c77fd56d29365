import { once } from "node:events"
import { readdir, readFile, stat } from "node:fs/promises"
import { connect } from "node:net"
import { join } from "node:path"
import OpenAI, { toFile } from "openai"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Store } from "../../src/domain/store.ts"
import { DiskFileLibrary } from "../../src/storage/files/disk-file-library.ts"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { jsonOf, serverFixture } from "./http-fixture.ts"

const hour = 3_600_000
const limits = { fileBytes: 1000, fileTotalBytes: 2500 }

let temp: TempDir
let folder: string
let store: Store
let library: DiskFileLibrary
let now: number
let url: string
let client: OpenAI
let other: OpenAI

beforeEach(async () => {
  temp = await createTempDir("files")
  folder = join(temp.path, "files")
  store = await openSqliteStore(join(temp.path, "state.db"))
  now = 1_790_000_000_000
  library = newLibrary()
  await library.start()
  const apiKeys = new Map([
    ["ann", "key-a"],
    ["bob", "key-b"],
  ])
  const { server } = await serverFixture({ files: library, config: { apiKeys } })
  url = `${server.url}/v1/files`
  const clientOf = (apiKey: string) => new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 })
  client = clientOf("key-a")
  other = clientOf("key-b")
})
afterEach(async () => {
  library.stop()
  await store.close()
  await temp.remove()
})

/** Of what is in the folder, empty files left out. */
async function sizes(): Promise<number[]> {
  const names = await readdir(folder)
  const all = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
  return all.filter((size) => size > 0)
}

function libraryOptions() {
  return { folder, ledger: store.files, limits, now: () => now, log: () => {} }
}

function newLibrary(): DiskFileLibrary {
  return new DiskFileLibrary(libraryOptions())
}

async function upload(text: string, name = "a.txt", purpose: "user_data" | "assistants" = "user_data") {
  return client.files.create({ file: await toFile(Buffer.from(text), name), purpose })
}

async function post(body: FormData | string, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method: "POST",
    body,
    headers: { authorization: "Bearer key-a", ...headers },
  })
  return { status: answer.status, body: await jsonOf(answer) }
}

describe("files of the official client", () => {
  it("are uploaded, found, read and deleted", async () => {
    const file = await upload("Grüße", "grüße.txt")
    expect(file).toEqual({
      id: expect.stringMatching(/^file-[0-9a-f]{32}$/),
      object: "file",
      bytes: 7,
      created_at: 1_790_000_000,
      filename: "grüße.txt",
      purpose: "user_data",
      status: "processed",
      status_details: null,
    })
    expect(await client.files.retrieve(file.id)).toEqual(file)
    const content = await client.files.content(file.id)
    expect(content.headers.get("content-type")).toBe("application/octet-stream")
    expect(content.headers.get("content-disposition")).toBe(
      "attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe.txt",
    )
    expect(await content.text()).toBe("Grüße")
    expect(await client.files.delete(file.id)).toEqual({ id: file.id, object: "file", deleted: true })
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({
      status: 404,
      code: "file_not_found",
    })
    await expect(client.files.delete(file.id)).rejects.toMatchObject({ status: 404 })
    await expect(client.files.content(file.id)).rejects.toMatchObject({ status: 404 })
    expect(await readdir(folder)).toEqual([])
  })

  it("lie on disk by their id, for their owner only, whatever their name is", async () => {
    const file = await upload("x", "../../evil.sh")
    expect(file.filename).toBe("evil.sh")
    expect(await readdir(folder)).toEqual([file.id])
    expect((await stat(join(folder, file.id))).mode & 0o777).toBe(0o600)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    expect(await readFile(join(folder, file.id), "utf8")).toBe("x")
  })

  it("are listed newest first, page by page, by purpose, also while they are deleted", async () => {
    const ids: string[] = []
    for (const text of ["1", "2", "3", "4", "5"]) {
      ids.push((await upload(text, "a.txt", text === "3" ? "assistants" : "user_data")).id)
    }
    const all = await client.files.list()
    expect(all.data.map(({ id }) => id)).toEqual(ids.toReversed())
    expect(all.has_more).toBe(false)
    expect((await client.files.list({ purpose: "assistants" })).data.map(({ id }) => id)).toEqual([ids[2]])
    const first = await client.files.list({ order: "asc", limit: 2 })
    expect([first.data.map(({ id }) => id), first.has_more]).toEqual([ids.slice(0, 2), true])
    const seen: string[] = []
    for await (const file of client.files.list({ limit: 2 })) {
      seen.push(file.id)
      await client.files.delete(file.id)
    }
    expect(seen).toEqual(ids.toReversed())
    expect((await client.files.list()).data).toEqual([])
  })

  it("belong to the key they came with", async () => {
    const file = await upload("x")
    await expect(other.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 })
    await expect(other.files.content(file.id)).rejects.toMatchObject({ status: 404 })
    await expect(other.files.delete(file.id)).rejects.toMatchObject({ status: 404 })
    expect((await other.files.list()).data).toEqual([])
    expect((await client.files.retrieve(file.id)).id).toBe(file.id)
  })

  it("are gone for everybody when they expire, and from the disk with the next sweep", async () => {
    const file = await client.files.create({
      file: await toFile(Buffer.from("x"), "a.txt"),
      purpose: "user_data",
      expires_after: { anchor: "created_at", seconds: 3600 },
    })
    expect(file.expires_at).toBe(file.created_at + 3600)
    now += hour - 1
    expect((await client.files.list()).data).toHaveLength(1)
    now += 1
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 })
    await expect(client.files.delete(file.id)).rejects.toMatchObject({ status: 404 })
    expect((await client.files.list()).data).toEqual([])
    expect(await readdir(folder)).toEqual([file.id])
    await library.sweep()
    expect(await readdir(folder)).toEqual([])
  })

  it("are back when a clock that was a hundred days ahead is right again: only what is believed is deleted", async () => {
    const file = await client.files.create({
      file: await toFile(Buffer.from("x"), "a.txt"),
      purpose: "user_data",
      expires_after: { anchor: "created_at", seconds: 7 * 86_400 },
    })
    const right = now
    const believed = () => right + 24 * hour
    const careful = new DiskFileLibrary({ ...libraryOptions(), believed })
    now += 100 * 24 * hour
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 })
    await careful.sweep()
    now = right
    expect((await client.files.retrieve(file.id)).id).toBe(file.id)
    expect(await readdir(folder)).toEqual([file.id])
  })
})

describe("an upload", () => {
  it("up to the limit is taken; one byte more is a 413 and leaves nothing", async () => {
    expect((await upload("x".repeat(1000))).bytes).toBe(1000)
    await expect(upload("x".repeat(1001))).rejects.toMatchObject({ status: 413, code: "body_too_large" })
    expect(await readdir(folder)).toHaveLength(1)
    expect((await client.files.list()).data).toHaveLength(1)
  })

  it("that is far too large is answered before it is all there", async () => {
    await expect(upload("x".repeat(5_000_000))).rejects.toMatchObject({ status: 413 })
    expect((await upload("after")).bytes).toBe(5)
  })

  it("has room within the bound of all files of its key", async () => {
    await upload("x".repeat(1000))
    const second = await upload("x".repeat(1000))
    await expect(upload("x".repeat(501))).rejects.toMatchObject({ status: 413, code: "file_storage_full" })
    expect(
      (await other.files.create({ file: await toFile(Buffer.from("b"), "b"), purpose: "vision" })).bytes,
    ).toBe(1)
    await client.files.delete(second.id)
    expect((await upload("x".repeat(501))).bytes).toBe(501)
  })

  it("counts while it comes, and eight at once are the most that a key may have", async () => {
    const gate = Promise.withResolvers<void>()
    async function* slow(bytes: number) {
      yield Buffer.alloc(bytes)
      await gate.promise
    }
    const first = [library.receive("ann", slow(1000)), library.receive("ann", slow(1000))]
    await expect.poll(sizes).toEqual([1000, 1000])
    await expect(upload("x".repeat(501))).rejects.toMatchObject({ status: 413, code: "file_storage_full" })
    expect((await upload("x".repeat(500))).bytes).toBe(500)
    const more = Array.from({ length: 6 }, () => library.receive("ann", slow(0)))
    await expect(upload("x")).rejects.toMatchObject({ status: 429, code: "queue_full" })
    const form = await toFile(Buffer.from("b"), "b")
    expect((await other.files.create({ file: form, purpose: "vision" })).bytes).toBe(1)
    gate.resolve()
    for (const received of await Promise.all([...first, ...more])) await received.discard()
    expect((await upload("x".repeat(1000))).bytes).toBe(1000)
  })

  it("may have its fields behind the file, and fields of other names", async () => {
    const form = new FormData()
    form.append("file", new Blob(["x"]), "a.md")
    form.append("note", "hello")
    form.append("purpose", "batch")
    expect(await post(form)).toMatchObject({ status: 200, body: { purpose: "batch", filename: "a.md" } })
  })

  it.each([
    ["purpose", "no purpose", (form: FormData) => form.delete("purpose")],
    ["purpose", "an unknown purpose", (form: FormData) => form.set("purpose", "fun")],
    ["file", "no file", (form: FormData) => form.delete("file")],
    ["file", "two files", (form: FormData) => form.append("file", new Blob(["y"]), "b.txt")],
    ["file", "a text for a file", (form: FormData) => form.set("file", "text")],
    ["expires_after.anchor", "no anchor", (form: FormData) => form.set("expires_after[seconds]", "3600")],
    [
      "expires_after.seconds",
      "a short life",
      (form: FormData) => {
        form.set("expires_after[anchor]", "created_at")
        form.set("expires_after[seconds]", "3599")
      },
    ],
  ])("names %s when it has %s, and leaves nothing", async (param, _what, change) => {
    const form = new FormData()
    form.append("purpose", "user_data")
    form.append("file", new Blob(["x"]), "a.txt")
    change(form)
    expect(await post(form)).toMatchObject({
      status: 400,
      body: { error: { param, code: "invalid_request" } },
    })
    expect(await readdir(folder)).toEqual([])
  })

  it("of another type is a 415, of a broken form a 400", async () => {
    expect((await post("{}", { "content-type": "application/json" })).status).toBe(415)
    const type = "multipart/form-data; boundary=b"
    expect((await post("--b\r\nnothing", { "content-type": type })).status).toBe(400)
    expect((await post("x", { "content-type": "multipart/form-data" })).status).toBe(400)
    expect(await readdir(folder)).toEqual([])
  })
})

it("an upload that breaks off leaves nothing, and the next one is taken", async () => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(
    "POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-a\r\nContent-Length: 900\r\n" +
      "Content-Type: multipart/form-data; boundary=b\r\n\r\n" +
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf of it',
  )
  await expect.poll(() => readdir(folder)).toHaveLength(1)
  socket.destroy()
  await expect.poll(() => readdir(folder)).toEqual([])
  expect((await upload("whole")).bytes).toBe(5)
})

it("an upload that is refused in the middle is told that its connection ends, which it does without a reset", async () => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const rest = "x".repeat(400_000)
  const begin =
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n' +
    '--b\r\nContent-Disposition: form-data; name="file"; filename="b"\r\n\r\n'
  let answer = ""
  socket.setEncoding("utf8").on("data", (text) => {
    answer += text
  })
  const ended = once(socket, "end")
  socket.write(
    `POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-a\r\nContent-Length: ${begin.length + rest.length}\r\n` +
      `Content-Type: multipart/form-data; boundary=b\r\n\r\n${begin}`,
  )
  await expect.poll(() => answer, { timeout: 10_000 }).toContain("more than one 'file'")
  expect(answer).toMatch(/^HTTP\/1.1 400 .*connection: close/s)
  socket.write(rest)
  await ended
  socket.destroy()
  expect((await upload("whole")).bytes).toBe(5)
})

it("a list names the query that it does not understand", async () => {
  for (const [query, param] of [
    ["after=x", "after"],
    ["limit=0", "limit"],
    ["order=up", "order"],
    ["purpose=fun", "purpose"],
  ]) {
    const answer = await fetch(`${url}?${query}`, { headers: { authorization: "Bearer key-a" } })
    expect([answer.status, (await jsonOf(answer)).error.param]).toEqual([400, param])
  }
})

it("a start removes contents without a row, and keeps those that have one", async () => {
  const file = await upload("kept")
  const half = await library.receive(
    "ann",
    (async function* () {
      yield Buffer.from("half")
    })(),
  )
  expect(await readdir(folder)).toHaveLength(2)
  const next = newLibrary()
  await next.start()
  next.stop()
  expect(await readdir(folder)).toEqual([file.id])
  await half.discard()
})
