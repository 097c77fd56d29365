/**
 * What a terminal obeys, what ends a line, or what turns the order of what is seen around, and JSON
 * leaves as it is. (Below U+0020 JSON escapes everything itself.)
 */
const unescaped = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** One escape of a JSON string; read in order, lest a meant backslash be taken for another. */
const escapes = /\\(?:u[0-9a-fA-F]{4}|.)/gs
const controls = /^\\(?:[bfr]|u00(?:[01][0-9a-f]|7f|[89][0-9a-f])|u20(?:0[ef]|2[89a-e]|6[6-9]))$/i

/** JSON text in which such characters are escaped; what it says is the same. */
export function escapeControls(json: string): string {
  return json.replaceAll(unescaped, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
}

/**
 * The same for a reader who shows the texts as they are: there they will stand as `\u001b`, in
 * letters. Line ends and tabs stay what they are.
 */
export function showControls(json: string): string {
  return escapeControls(json).replaceAll(escapes, (found) => (controls.test(found) ? `\\${found}` : found))
}
