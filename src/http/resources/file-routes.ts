import { Readable } from "node:stream"
import type { FileLibrary, FileQuery, FileRecord, ReceivedUpload } from "../../domain/files.ts"
import { toList } from "../../protocol/common/answer-parts.ts"
import { invalidRequest } from "../../protocol/common/shape.ts"
import { readPurpose, readUploadFields, toFile } from "../../protocol/files.ts"
import { bodyChunks } from "../guard/json-body.ts"
import { boundaryOf, type FormPart, readMultipart } from "../guard/multipart.ts"
import { pageOf } from "../guard/query-parameters.ts"
import { type HttpContext, type Routes, targetOf } from "../server/http-env.ts"
import { answerJson, answerLarge } from "../server/large-answer.ts"

const maxPageSize = 10_000
const maxFieldBytes = 8 * 1024
const maxParts = 16
const idPattern = /^file-[0-9a-f]{32}$/

/** `/v1/files` and what is below it. */
export function fileRoutes(files: FileLibrary): Routes {
  return {
    "/v1/files": {
      GET: async (context) => {
        const query = queryOf(context)
        const found = await files.list(context.get("principal"), { ...query, limit: query.limit + 1 })
        const page = found.slice(0, query.limit)
        return answerJson(context, toList(page.map(toFile), found.length > page.length))
      },
      POST: async (context) => context.json(toFile(await receiveForm(context, files))),
    },
    "/v1/files/:id": {
      GET: async (context) => context.json(toFile(await files.find(...targetOf(context)))),
      DELETE: async (context) => {
        const [principal, id] = targetOf(context)
        await files.remove(principal, id)
        return context.json({ id, object: "file", deleted: true })
      },
    },
    "/v1/files/:id/content": {
      GET: async (context) => {
        // Hono answers HEAD with this handler, and reads no body: a file that is opened for nobody
        // stays open.
        if (context.req.method === "HEAD") {
          return new Response(null, { headers: contentHeaders(await files.find(...targetOf(context))) })
        }
        const { file, content } = await files.open(...targetOf(context))
        if (context.env?.outgoing !== undefined) {
          return answerLarge(context, { headers: contentHeaders(file), body: content })
        }
        // Node's own type of a web stream and the global one are the same thing.
        const body = Readable.toWeb(Readable.from(content)) as ReadableStream<Uint8Array>
        return new Response(body, { headers: contentHeaders(file) })
      },
    },
  }
}

/** Never by its own type: a page that somebody uploaded must not run as one of ours. */
function contentHeaders(file: FileRecord): Record<string, string> {
  return {
    "content-type": "application/octet-stream",
    "content-length": String(file.bytes),
    "content-disposition": `attachment; filename*=UTF-8''${encodeName(file.name)}`,
    "x-content-type-options": "nosniff",
  }
}

/** The fields may stand behind the file, so that it is kept only once all of them are in. */
async function receiveForm(context: HttpContext, files: FileLibrary): Promise<FileRecord> {
  const boundary = boundaryOf(context)
  const fields = new Map<string, string>()
  let file: { readonly part: FormPart; readonly upload: ReceivedUpload } | null = null
  try {
    let count = 0
    for await (const part of readMultipart(bodyChunks(context), boundary)) {
      count += 1
      if (count > maxParts) throw invalidRequest("file", `The form has more than ${maxParts} parts.`)
      if (part.name !== "file") {
        fields.set(part.name, await readField(part))
      } else {
        if (part.filename === null) throw invalidRequest("file", "'file' must be a file, with a filename.")
        if (file !== null)
          throw invalidRequest("file", "There is more than one 'file'; upload one at a time.")
        file = { part, upload: await files.receive(context.get("principal"), part.content) }
      }
    }
    if (file === null) throw invalidRequest("file", "Missing required parameter: 'file'.")
    const { part, upload } = file
    const kept = readUploadFields(fields, part)
    file = null
    return await upload.keep(kept)
  } catch (error) {
    await file?.upload.discard()
    throw error
  }
}

async function readField(part: FormPart): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of part.content) {
    length += chunk.length
    if (length > maxFieldBytes) {
      throw invalidRequest(
        part.name.slice(0, 64),
        `A field of the form is longer than ${maxFieldBytes} bytes.`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

function queryOf(context: HttpContext): FileQuery {
  const page = pageOf(context, "desc", maxPageSize, maxPageSize)
  if (page.after !== null && !idPattern.test(page.after)) {
    throw invalidRequest("after", "'after' must be the id of a file.")
  }
  const purpose = context.req.query("purpose")
  return { ...page, purpose: purpose === undefined ? null : readPurpose(purpose) }
}

/** For a header (RFC 8187). */
function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  })
}
