const lineBreaks = /[\u0085\u2028\u2029]/g

/**
 * JSON text, or lines of it, in which no object is cut. JSON escapes only the line breaks of ASCII;
 * a reader that splits a stream as Python's `str.splitlines` does would be cut in the middle of an
 * object by those of Unicode. Escaped, they mean the same. (Three searches: of a text that has none
 * they cost a hundredth of what a pattern does.)
 */
export function oneLineJson(json: string): string {
  const hasBreak = json.includes("\u2028") || json.includes("\u2029") || json.includes("\u0085")
  return hasBreak ? json.replace(lineBreaks, escaped) : json
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
}
