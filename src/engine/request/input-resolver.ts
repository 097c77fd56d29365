import { createHash } from "node:crypto"
import { ProxyError } from "../../domain/errors.ts"
import { mimeTypeOf } from "../../domain/file-name.ts"
import { ownerMakesRoom, storageFailed, systemCodeOf } from "../../domain/file-problem.ts"
import {
  FetchError,
  type FetchedFile,
  type FileLibrary,
  type Inbox,
  type InboxFile,
  type UrlFetcher,
} from "../../domain/files.ts"
import { imageTypeOf, imageTypes } from "../../domain/image-type.ts"
import type { InputReference } from "../../domain/input-reference.ts"
import type { ContentOrigin, ContentPart } from "../../domain/items.ts"

export interface InputSources {
  readonly files: FileLibrary
  readonly inbox: Inbox
  /** Null: addresses are refused. */
  readonly fetcher: UrlFetcher | null
  readonly limits: { readonly fileBytes: number }
}

/** Where the input goes. */
export interface InputTarget {
  readonly principal: string
  /** Absolute path of the agent's workspace. */
  readonly workspace: string
  /** False: nothing of it may stay. */
  readonly isKept: boolean
}

/** Images travel in messages, to the model and the ledger: large ones are no use to either. */
const maxImageBytes = 20 * 1024 * 1024
const maxUrls = 20

/** Resolves the references of one request; the bounds on fetching hold for all of them together. */
export class InputResolver {
  readonly #sources: InputSources
  readonly #target: InputTarget
  readonly #releases: (() => Promise<void>)[] = []
  #urlCount = 0
  #fetchedBytes = 0

  constructor(sources: InputSources, target: InputTarget) {
    this.#sources = sources
    this.#target = target
  }

  /** Rejects with `invalid_request` that names the field. */
  async resolve(reference: InputReference): Promise<ContentPart> {
    return reference.as === "image" ? this.#image(reference) : this.#file(reference)
  }

  /** The turn is over: what it alone needed may go. */
  async release(): Promise<void> {
    for (const release of this.#releases.splice(0)) await release()
  }

  async #image(reference: InputReference): Promise<ContentPart> {
    const { param, detail } = reference
    const bytes = await this.#imageBytes(reference)
    const type = imageTypeOf(bytes)
    if (type === null) throw refused(param, `is not an image of these types: ${imageTypes.join(", ")}`)
    return {
      type: "image",
      url: `data:${type};base64,${Buffer.from(bytes).toString("base64")}`,
      ...(detail !== undefined && { detail }),
      origin: originOf(reference),
    }
  }

  async #imageBytes({ source, param }: InputReference): Promise<Uint8Array> {
    const maxBytes = Math.min(maxImageBytes, this.#sources.limits.fileBytes)
    if (source.kind === "bytes") return source.bytes
    if (source.kind === "url") return (await this.#fetch(source.url, param, true, maxBytes)).bytes
    const { file, content } = await this.#open(source.id, param)
    if (file.bytes > maxBytes)
      throw refused(param, `is larger than the ${maxBytes} bytes that an image may have`)
    const chunks: Uint8Array[] = []
    for await (const chunk of await content()) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  async #file(reference: InputReference): Promise<ContentPart> {
    const file = await this.#inboxFile(reference)
    const { workspace, isKept } = this.#target
    const place = await this.#sources.inbox.save(workspace, file, isKept).catch((error: unknown) => {
      if (systemCodeOf(error) === "") throw error
      throw storageFailed("An attached file cannot be saved for the agent", error, ownerMakesRoom)
    })
    this.#releases.push(() => place.release())
    const text = `[The user attached a file. It is saved at ${place.path} (${file.mimeType}, ${file.bytes} bytes).]`
    return { type: "text", text, origin: originOf(reference) }
  }

  async #inboxFile({ source, filename, param }: InputReference): Promise<InboxFile> {
    switch (source.kind) {
      case "bytes":
        return inMemory(source.bytes, filename, source.mimeType ?? mimeTypeOf(filename))
      case "url": {
        const fetched = await this.#fetch(source.url, param, false, this.#sources.limits.fileBytes)
        const name = filename ?? fetched.filename
        return inMemory(fetched.bytes, name, fetched.mimeType ?? mimeTypeOf(name))
      }
      case "file_id": {
        const { file, content } = await this.#open(source.id, param)
        const { mimeType, sha256, bytes } = file
        return { filename: filename ?? file.name, mimeType, sha256, bytes, content }
      }
      default:
        return source satisfies never
    }
  }

  async #open(id: string, param: string) {
    const { files } = this.#sources
    const { principal } = this.#target
    try {
      const file = await files.find(principal, id)
      return { file, content: async () => (await files.open(principal, id)).content }
    } catch (error) {
      if (!(error instanceof ProxyError) || error.code !== "file_not_found") throw error
      throw new ProxyError("invalid_request", `'${param}': ${error.message}`, { param, cause: error })
    }
  }

  async #fetch(url: string, param: string, isImage: boolean, maxBytes: number): Promise<FetchedFile> {
    const { fetcher, limits } = this.#sources
    if (fetcher === null) {
      throw refused(param, "is a web address, and this service is configured not to fetch any (fetch_urls)")
    }
    this.#urlCount += 1
    if (this.#urlCount > maxUrls) {
      throw refused(param, `is one address too many: ${maxUrls} are fetched for one request`)
    }
    try {
      const fetched = await fetcher.fetch(url, { isImage, maxBytes })
      this.#fetchedBytes += fetched.bytes.length
      if (this.#fetchedBytes <= limits.fileBytes) return fetched
    } catch (error) {
      if (error instanceof FetchError) throw refused(param, `cannot be fetched: ${error.message}`, error)
      throw error
    }
    throw refused(param, `is too much: ${limits.fileBytes} bytes are fetched for one request`)
  }
}

/** For a reference that is not resolved: the same origin, a text in place of the content. */
export function placeholderOf(reference: InputReference): ContentPart {
  return {
    type: "text",
    text: `[Here the user sent ${reference.as === "image" ? "an image" : "a file"}; it is no longer at hand.]`,
    origin: originOf(reference),
  }
}

function originOf({ as, source, filename }: InputReference): ContentOrigin {
  const name = filename ?? ""
  switch (source.kind) {
    case "url":
      return { key: `${as} ${source.url}`, filename, fileId: null, url: source.url }
    case "file_id":
      return { key: `${as} ${source.id}`, filename, fileId: source.id, url: null }
    case "bytes":
      return { key: `${as} ${sha256Of(source.bytes)} ${name}`, filename, fileId: null, url: null }
    default:
      return source satisfies never
  }
}

function inMemory(bytes: Uint8Array, filename: string | null, mimeType: string): InboxFile {
  return {
    filename,
    mimeType,
    sha256: sha256Of(bytes),
    bytes: bytes.length,
    content: async () => chunksOf(bytes),
  }
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex")
}

function refused(param: string, problem: string, cause?: unknown): ProxyError {
  return new ProxyError("invalid_request", `'${param}' ${problem}.`, { param, cause })
}
