import { Buffer } from "node:buffer"

const maxStemBytes = 80
const maxDisplayLength = 200

/**
 * A name that is harmless as a file's name on any system and in any shell, made from one that a
 * client wrote: no path, no control or invisible characters, nothing that turns the direction of
 * writing, bounded, never empty. A plain extension stays; where there is none, the type gives one.
 */
export function safeFileName(name: string | null, mimeType: string): string {
  // NFKC first: it makes slashes and dots of their look-alikes.
  const base = baseName((name ?? "").normalize("NFKC"))
  const clean = base
    .replace(/[\p{C}\p{Z}\s]+/gu, "_")
    .replace(/[^\p{L}\p{M}\p{N}._-]/gu, "_")
    .replace(/_{2,}/g, "_")
    .replace(/\.{2,}/g, ".")
    .replace(/^[._-]+|[._-]+$/g, "")
  const extension = /\.[A-Za-z0-9]{1,10}$/.exec(clean)?.[0] ?? ""
  const stem = cutBytes(clean.slice(0, clean.length - extension.length), maxStemBytes)
  const ending = extension === "" ? (extensionOf(mimeType) ?? "") : extension
  return `${stem === "" ? "file" : stem}${ending}`
}

/** For people to read: the last part of the path, without control characters, bounded. */
export function displayName(name: string): string {
  const clean = baseName(name).replace(/\p{C}/gu, "").trim()
  const short = Array.from(clean).slice(0, maxDisplayLength).join("")
  return short === "" || short === "." || short === ".." ? "file" : short
}

/** Type by the name's extension; `application/octet-stream` where it says nothing. */
export function mimeTypeOf(name: string | null): string {
  const extension = /\.([A-Za-z0-9]{1,10})$/.exec(name ?? "")?.[1]?.toLowerCase() ?? ""
  return types.find(([each]) => each === extension)?.[1] ?? unknownType
}

/** A type as a sender wrote it, lower case and without parameters; null when it is none. */
export function readMimeType(text: string | null | undefined): string | null {
  const type = (text ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? ""
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$/.test(type) ? type : null
}

export const unknownType = "application/octet-stream"

/** The first extension of a type is the one that it gives. */
const types: readonly (readonly [string, string])[] = [
  ["txt", "text/plain"],
  ["md", "text/markdown"],
  ["csv", "text/csv"],
  ["tsv", "text/tab-separated-values"],
  ["html", "text/html"],
  ["htm", "text/html"],
  ["css", "text/css"],
  ["js", "text/javascript"],
  ["mjs", "text/javascript"],
  ["xml", "application/xml"],
  ["json", "application/json"],
  ["jsonl", "application/jsonl"],
  ["yaml", "application/yaml"],
  ["yml", "application/yaml"],
  ["pdf", "application/pdf"],
  ["zip", "application/zip"],
  ["gz", "application/gzip"],
  ["tar", "application/x-tar"],
  ["doc", "application/msword"],
  ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["xls", "application/vnd.ms-excel"],
  ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["ppt", "application/vnd.ms-powerpoint"],
  ["pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
  ["odt", "application/vnd.oasis.opendocument.text"],
  ["rtf", "application/rtf"],
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["svg", "image/svg+xml"],
  ["mp3", "audio/mpeg"],
  ["wav", "audio/wav"],
  ["mp4", "video/mp4"],
]

function extensionOf(mimeType: string): string | null {
  const extension = types.find(([, type]) => type === mimeType)?.[0]
  return extension === undefined ? null : `.${extension}`
}

function baseName(name: string): string {
  return name.split(/[/\\\0]/).findLast((part) => part !== "") ?? ""
}

/** Never cuts a character in two. */
function cutBytes(text: string, maxBytes: number): string {
  let cut = ""
  let length = 0
  for (const character of text) {
    length += Buffer.byteLength(character)
    if (length > maxBytes) break
    cut += character
  }
  return cut.replace(/[._-]+$/, "")
}
