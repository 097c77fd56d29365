/** A TOML basic string. JSON's is one, but for DEL and for halves of characters, which TOML does not have. */
export function tomlString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll("\x7f", "\\u007f")
}
