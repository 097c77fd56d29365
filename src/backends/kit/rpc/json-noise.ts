import { printedText } from "../../../domain/printed-text.ts"

/** How many places of a line are tried: a notice may have braces of its own. */
const maxTries = 16
/** How far into a line its object may begin. */
const maxNoiseLength = 64 * 1024

/**
 * The JSON object in a line that does not parse as it is; undefined: there is none. Terminal sequences and what a line was
 * overwritten by (everything up to a carriage return) are always passed over. Words in front of the object are, too, where
 * `isBeginning`: an update notice without an end of its line. Later on a line of words that ends with an object is a remark
 * which quotes a message, and taking it in would make that message count twice.
 */
export function objectBehindNoise(line: string, isBeginning: boolean): object | undefined {
  // A JSON text has no raw control character, so nothing of it is lost.
  const shown = line.trimEnd().slice(line.trimEnd().lastIndexOf("\r") + 1)
  const text = printedText(shown).trim()
  const whole = parsedObject(text)
  if (whole !== undefined || !isBeginning) return whole
  let tries = 0
  for (
    let start = text.indexOf("{");
    start !== -1 && start < maxNoiseLength;
    start = text.indexOf("{", start + 1)
  ) {
    tries += 1
    if (tries > maxTries) return undefined
    const found = parsedObject(text.slice(start))
    if (found !== undefined) return found
  }
  return undefined
}

function parsedObject(text: string): object | undefined {
  if (!text.startsWith("{")) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
