import { describe, expect, it } from "vitest"
import { ProxyError } from "../../domain/errors.ts"
import { exchangesOf } from "../../domain/exchanges.ts"
import { FetchError, type FileRecord } from "../../domain/files.ts"
import type { ClientItem, InputReference } from "../../domain/input-reference.ts"
import type { ContentPart } from "../../domain/items.ts"
import type { ClientRequest } from "../../domain/turn-request.ts"
import type { InputSources } from "./input-resolver.ts"
import { resolveRequest } from "./resolve-input.ts"

const png = Buffer.from("\x89PNG\r\n\x1a\nrest", "latin1")

/** Sources that note what is asked of them. */
function sourcesOf(options: { readonly released?: string[]; readonly isOffline?: boolean } = {}) {
  const asked: string[] = []
  const file: FileRecord = {
    id: "file-1",
    principal: "ann",
    name: "up.txt",
    bytes: 4,
    purpose: "user_data",
    mimeType: "text/plain",
    sha256: "hash-of-up",
    createdAt: 0,
    expiresAt: null,
  }
  const chunks = async function* () {
    yield Buffer.from("text")
  }
  const find = async (principal: string, id: string) => {
    if (principal !== "ann" || id !== file.id)
      throw new ProxyError("file_not_found", `No such file: '${id}'.`)
    return file
  }
  const unused = async () => {
    throw new Error("not part of this")
  }
  const sources: InputSources = {
    files: {
      find,
      open: async (principal, id) => ({ file: await find(principal, id), content: chunks() }),
      receive: unused,
      list: unused,
      remove: unused,
    },
    inbox: {
      save: async (workspace, { filename, sha256 }, isKept) => {
        asked.push(`save ${filename} ${isKept ? "kept" : "unkept"}`)
        const path = `${workspace}/inbox/${sha256.slice(0, 4)}-${filename}`
        return { path, release: async () => void options.released?.push(path) }
      },
      deleteUnused: unused,
    },
    fetcher: options.isOffline
      ? null
      : {
          fetch: async (url, { maxBytes }) => {
            asked.push(`fetch ${url}`)
            if (url.includes("gone")) throw new FetchError("the server answered with status 404")
            if (png.length > maxBytes) throw new FetchError(`it is larger than ${maxBytes} bytes`)
            return { bytes: png, mimeType: "image/png", filename: "x.png" }
          },
        },
    limits: { fileBytes: 40 },
  }
  return { sources, asked }
}

const bytesOf = (text: string): InputReference["source"] => ({
  kind: "bytes",
  bytes: Buffer.from(text),
  mimeType: "text/plain",
})

function fileRef(source: InputReference["source"], filename: string | null = "a.txt"): InputReference {
  return { type: "reference", as: "file", source, filename, param: "input[0].content[0].file_data" }
}

function imageRef(url: string): InputReference {
  const source = { kind: "url", url } as const
  return { type: "reference", as: "image", source, filename: null, param: "input[0].content[0].image_url" }
}

function said(role: "user" | "assistant", ...content: (ContentPart | InputReference)[]): ClientItem {
  return { type: "message", id: "msg_1", role, content, phase: null, status: "completed" }
}

const text = (value: string): ContentPart => ({ type: "text", text: value })

function requestOf(input: readonly ClientItem[], fields: Partial<ClientRequest> = {}): ClientRequest {
  return {
    kind: "response",
    model: "manager",
    instructions: null,
    input,
    tools: [],
    functionChoice: { allowed: null, isRequired: false },
    allowsParallelCalls: true,
    previousResponseId: null,
    conversationId: null,
    sessionKey: null,
    resendsHistory: false,
    effort: null,
    outputSchema: null,
    answerLimits: { stopTexts: [], maxTokens: null },
    sideRequest: null,
    keepsThread: true,
    isStored: true,
    isBackground: false,
    echo: {},
    ...fields,
  }
}

function resolve(request: ClientRequest, sources: InputSources, isHistoryKnown = false) {
  return resolveRequest(request, sources, {
    principal: "ann",
    workspace: "/home/manager",
    planOf: async ({ input }) => ({ clientHistory: isHistoryKnown ? [] : input }),
  })
}

describe("a reference", () => {
  it("to a file becomes a line of its own that tells the agent where it lies", async () => {
    const { sources, asked } = sourcesOf()
    const input = [
      said("user", text("Read"), fileRef(bytesOf("one")), text("now")),
      said("user", fileRef({ kind: "file_id", id: "file-1" }, null)),
    ]
    const { request } = await resolve(requestOf(input), sources)
    const texts = request.input.map(
      (item) =>
        item.type === "message" && item.content.map((part) => part.type === "text" && part.text).join(""),
    )
    expect(texts).toEqual([
      "Read\n[The user attached a file. It is saved at /home/manager/inbox/7692-a.txt (text/plain, 3 bytes).]\nnow",
      "[The user attached a file. It is saved at /home/manager/inbox/hash-up.txt (text/plain, 4 bytes).]",
    ])
    expect(asked).toEqual(["save a.txt kept", "save up.txt kept"])
  })

  it("to an image becomes the image", async () => {
    const { sources } = sourcesOf()
    const reference = { ...imageRef("https://pictures.example/x.png"), detail: "high" as const }
    const { request } = await resolve(requestOf([said("user", reference)]), sources)
    expect(request.input[0]).toMatchObject({
      content: [
        {
          type: "image",
          url: `data:image/png;base64,${png.toString("base64")}`,
          detail: "high",
          origin: { url: "https://pictures.example/x.png" },
        },
      ],
    })
  })

  it.each([
    ["that cannot be fetched", imageRef("https://pictures.example/gone"), "status 404"],
    ["to no such file", { ...fileRef({ kind: "file_id", id: "file-2" }) }, "No such file"],
    [
      "to a file that is no image",
      { ...fileRef({ kind: "file_id", id: "file-1" }), as: "image" as const },
      "not an image",
    ],
  ])("%s is refused by its field", async (_what, reference, message) => {
    const { sources } = sourcesOf()
    await expect(resolve(requestOf([said("user", reference)]), sources)).rejects.toMatchObject({
      code: "invalid_request",
      param: reference.param,
      message: expect.stringContaining(message),
    })
  })

  it("to an address is refused where none may be fetched", async () => {
    const { sources } = sourcesOf({ isOffline: true })
    const request = requestOf([said("user", imageRef("https://pictures.example/x.png"))])
    await expect(resolve(request, sources)).rejects.toThrow("fetch_urls")
  })

  it("is one too many when they are many, or large together", async () => {
    const { sources } = sourcesOf()
    const urls = (count: number) =>
      Array.from({ length: count }, (_, index) => imageRef(`https://pictures.example/${index}.png`))
    await expect(resolve(requestOf([said("user", ...urls(9))]), sources)).rejects.toThrow(
      "is too much: 40 bytes",
    )
    const roomy = { ...sources, limits: { fileBytes: 1_000_000 } }
    await expect(resolve(requestOf([said("user", ...urls(21))]), roomy)).rejects.toThrow(
      "one address too many",
    )
  })
})

describe("the same history", () => {
  it("is marked equally wherever its files lie now, and different when a file is another", async () => {
    const marksOf = async (request: ClientRequest, isKnown: boolean) => {
      const resolved = await resolve(request, sourcesOf().sources, isKnown)
      return JSON.stringify(exchangesOf(resolved.request.input))
    }
    const first = requestOf([said("user", text("Read"), fileRef(bytesOf("one")))])
    const again = requestOf([...first.input], { keepsThread: false })
    expect(await marksOf(again, false)).toBe(await marksOf(first, false))
    const known = requestOf([...first.input, said("assistant", text("ok")), said("user", text("more"))])
    expect(await marksOf(known, true)).toBe(await marksOf(known, false))
    for (const other of [fileRef(bytesOf("two")), fileRef(bytesOf("one"), "b.txt")]) {
      expect(await marksOf(requestOf([said("user", text("Read"), other)]), false)).not.toBe(
        await marksOf(first, false),
      )
    }
  })

  it("is not fetched and saved again where a thread holds it", async () => {
    const { sources, asked } = sourcesOf()
    const input = [
      said("user", imageRef("https://pictures.example/gone"), fileRef(bytesOf("one"))),
      said("assistant", text("ok")),
      said("user", imageRef("https://pictures.example/new.png")),
    ]
    await resolve(requestOf(input), sources, true)
    expect(asked).toEqual(["fetch https://pictures.example/new.png"])
  })

  it("is brought back for a turn that leaves nothing, and goes when it is over", async () => {
    const released: string[] = []
    const { sources, asked } = sourcesOf({ released })
    const input = [
      said("user", fileRef(bytesOf("one"))),
      said("assistant", text("ok")),
      said("user", text("more")),
    ]
    const { release } = await resolve(requestOf(input, { keepsThread: false }), sources, true)
    expect(asked).toEqual(["save a.txt unkept"])
    await release()
    await release()
    expect(released).toEqual(["/home/manager/inbox/7692-a.txt"])
  })

  it("lets go of what was saved when another part is refused", async () => {
    const released: string[] = []
    const { sources } = sourcesOf({ released })
    const input = [said("user", fileRef(bytesOf("one")), imageRef("https://pictures.example/gone"))]
    await expect(resolve(requestOf(input, { keepsThread: false }), sources)).rejects.toThrow("status 404")
    expect(released).toHaveLength(1)
  })
})
