/**
 * What clients are known to do to an answer before they send it again. Two texts that differ by
 * these only are one answer: they have the same `saidText`.
 */

/** Thoughts that a client or a gateway writes in front. Without an end, all of it is thought. */
const thoughts: readonly RegExp[] = [
  /^<(think|thinking|thought|reason|reasoning)>[\s\S]*?(?:<\/\1>|$)/i,
  /^<\|begin_of_thought\|>[\s\S]*?(?:<\|end_of_thought\|>|$)/,
  // Open WebUI: <details type="reasoning" done="true" duration="2">
  /^<details type="[a-z_]+"[^>]*>[\s\S]*?(?:<\/details>|$)/i,
]

/** How clients join the messages of an answer: nothing, a blank, or any number of line ends. */
const joints = ["\n", "", " "]

/**
 * The text of an answer, given as its messages, by which it is recognised: without thoughts in
 * front of a message and white space around it, with single line ends, and up to the first of
 * `stopTexts`: a client that names them may put the one back that ended the answer, and go on
 * behind it as it likes. Empty: nothing was said.
 */
export function saidText(messages: readonly string[], stopTexts: readonly string[] = []): string {
  return joined(messages.map(withoutThoughts), "\n", stopTexts)
}

/** As every client may have it that makes one text of them. The first is `saidText`. */
export function saidTexts(messages: readonly string[]): readonly string[] {
  const said = messages.map(withoutThoughts)
  if (messages.length < 2) return [joined(said, "\n", [])]
  return [...new Set(joints.map((joint) => joined(said, joint, [])))]
}

function joined(messages: readonly string[], joint: string, stopTexts: readonly string[]): string {
  const texts = messages.map((message) => message.trim()).filter((message) => message !== "")
  const text = beforeStop(texts.join(joint), stopTexts).replaceAll("\r\n", "\n")
  return (text.includes("\n\n") ? text.replaceAll(/\n{2,}/g, "\n") : text).trim()
}

function withoutThoughts(message: string): string {
  let text = message.trimStart()
  while (text.startsWith("<")) {
    const rest = thoughts.reduce((left, thought) => left.replace(thought, ""), text).trimStart()
    if (rest.length === text.length) break
    text = rest
  }
  return text
}

function beforeStop(text: string, stopTexts: readonly string[]): string {
  const places = stopTexts
    .map((stop) => (stop === "" ? -1 : text.indexOf(stop)))
    .filter((place) => place >= 0)
  return places.length === 0 ? text : text.slice(0, Math.min(...places))
}

/**
 * Arguments of a call that came back as an answer, by their value: however they are spaced, in
 * whatever order their fields stand, wrapped as `{"output": …}` or not. Null: it is no object.
 */
export function argumentsText(text: string): string | null {
  const trimmed = text.trim()
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return null
  try {
    return JSON.stringify(inOrder(unwrapped(JSON.parse(trimmed))))
  } catch {
    // No JSON: a text like any other.
    return null
  }
}

function unwrapped(value: unknown): unknown {
  if (!isObject(value)) return value
  const [only, ...others] = Object.keys(value)
  return only === "output" && others.length === 0 ? unwrapped(value.output) : value
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, inOrder(value[key])]),
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
