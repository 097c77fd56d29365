import { invalidRequest, isObject } from "./shape.ts"

type Wire = Readonly<Record<string, unknown>>

/**
 * Names of content, without `_` and `-`: what stands under them says something, and a reader of the
 * text alone would lose it.
 */
const contentName =
  /^(?:(?:input|inline|output)?(?:image|picture|photo|screenshot|file|document|attachment|media|audio|video|blob)s?(?:url|uri|data|id|base64|file|fileid)?s?|(?:inline)?data|(?:content)?part|content|text|message|input|url|uri|body|html|markdown|caption|transcript|refusal|prompt|base64)s?$/

const next = "Send it as a part of its own of the message's 'content', with its 'type'."

/** What nearly all have: it is not looked at twice. */
const plainNames = new Set(["type", "role", "id", "status", "name", "annotations", "logprobs", "phase"])

/**
 * Throws `invalid_request` that names the first field of an object which says something beside
 * those that are read: it would be lost in silence. Other fields that nobody knows are passed over,
 * as everywhere.
 */
export function refuseContentBeside(
  value: Wire,
  path: string,
  ...read: readonly [string, ...string[]]
): void {
  for (const [name, beside] of Object.entries(value)) {
    if (plainNames.has(name) || read.includes(name) || !isContent(name, beside)) continue
    if (isSameAs(beside, value[read[0]])) continue
    const short = name.slice(0, 100)
    const at = path === "" ? short : `${path}.${short}`
    throw invalidRequest(
      at,
      `'${at}' stands beside '${read[0]}', where it would not be read. ${path === "" ? `Send it in '${read[0]}'.` : next}`,
    )
  }
}

function isContent(name: string, value: unknown): boolean {
  if (isEmpty(value)) return false
  if (typeof value === "string" && /^data:[^,]{0,200},/i.test(value.slice(0, 210))) return true
  const plain = name.length > 40 ? "" : name.replaceAll(/[-_]/g, "").toLowerCase()
  // Bridges name with it where a message comes from; as an object it is a picture's or a file's.
  return plain === "source" ? isObject(value) : contentName.test(plain)
}

function isEmpty(value: unknown): boolean {
  if (!value) return true
  return typeof value === "object" && Object.keys(value).length === 0
}

/** Some clients send one message in two forms. */
function isSameAs(beside: unknown, read: unknown): boolean {
  return beside === read || (typeof read === "string" && textOfParts(beside) === read)
}

function textOfParts(value: unknown): string | null {
  if (!Array.isArray(value)) return null
  const texts = value.map((part: unknown) =>
    isObject(part) && part.type === "text" && typeof part.text === "string" ? part.text : null,
  )
  return texts.includes(null) ? null : texts.join("")
}
