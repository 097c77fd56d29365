import { isRefusalName, type RefusalName, refusalNames } from "./refusals.ts"

/**
 * The language of the scripted model: directives in double square brackets inside the user's message. `README.md` beside
 * this file lists them.
 */

export type ToolDirective =
  | { readonly type: "shell"; readonly command: string }
  | { readonly type: "edit"; readonly path: string; readonly text: string }
  /** `arguments` is the text as written, normally JSON. */
  | { readonly type: "tool"; readonly name: string; readonly arguments: string }
  | { readonly type: "js"; readonly source: string }

type Directive =
  | ToolDirective
  | { readonly type: "say" | "reason" | "think" | "commentary"; readonly text: string }
  | { readonly type: "slow"; readonly count: number; readonly gapMs: number }
  | { readonly type: "deltas"; readonly count: number }
  | { readonly type: "schema" | "history" | "echo" | "image" | "hang" | "silent" | "then" }
  /** `times`: how many attempts fail before the script goes on. */
  | { readonly type: "status"; readonly status: number; readonly times: number }
  | { readonly type: "drop"; readonly times: number }
  | { readonly type: "failed"; readonly code: string }
  | { readonly type: "refuse"; readonly name: RefusalName }
  | { readonly type: "end"; readonly reason: StopReason }
  | { readonly type: "usage"; readonly usage: Usage }
  | { readonly type: "fix"; readonly text: string }

/** `length`: the answer reached a limit; `filter`: it was cut off as not allowed; `refusal`: its text is one; `nothing`: there is none. */
const stopReasons = ["length", "filter", "refusal", "nothing"] as const
export type StopReason = (typeof stopReasons)[number]

/** Token counts that one answer reports. */
export interface Usage {
  readonly input: number
  readonly cached: number
  readonly output: number
  readonly reasoning: number
}

/** What one model request is answered with. Only the last thing of a round can be tool calls: their outputs come next. */
export interface Round {
  readonly steps: readonly Exclude<Directive, ToolDirective>[]
  readonly tools: readonly ToolDirective[]
}

export interface Script {
  readonly rounds: readonly Round[]
  readonly usage: Usage | null
  /** What is said in place of all else once the answer was refused; null: the same again. */
  readonly fix: string | null
  readonly hasCommentary: boolean
  /** The message without its directives. */
  readonly plainText: string
}

const names =
  "say|shell|edit|tool|reason|think|slow|deltas|status|drop|hang|silent|schema|commentary|history|echo|image|js|failed|usage|then|fix|refuse|end"
const opening = new RegExp(`\\[\\[(${names})(?=:|\\]\\])`, "g")

/** Throws a sentence for the tester when a directive cannot be understood. */
export function parseScript(message: string): Script {
  const directives: Directive[] = []
  let plainText = ""
  let position = 0
  opening.lastIndex = 0
  for (let match = opening.exec(message); match !== null; match = opening.exec(message)) {
    const bodyStart = match.index + match[0].length
    const end = endOfDirective(message, bodyStart)
    if (end === null) break
    directives.push(parseDirective(match[1] ?? "", message.slice(bodyStart + 1, end)))
    plainText += message.slice(position, match.index)
    position = end + 2
    // One space after a directive belongs to it, so that `[[reason:r]] hello` says `hello`.
    if (message[position] === " ") position++
    opening.lastIndex = position
  }
  plainText += message.slice(position)
  return { ...splitRounds(directives), plainText }
}

/**
 * Index of the closing brackets. Brackets inside are balanced, so that `a[b[0]]` and `[[ -f x ]]` pass; where they do not
 * balance, the first `]]` closes.
 */
function endOfDirective(text: string, from: number): number | null {
  let depth = 2
  for (let index = from; index < text.length; index++) {
    if (text[index] === "[") depth++
    else if (text[index] === "]") depth--
    if (depth === 0) {
      if (text[index - 1] === "]" && index - 1 >= from) return index - 1
      break
    }
  }
  const first = text.indexOf("]]", from)
  return first === -1 ? null : first
}

function parseDirective(name: string, body: string): Directive {
  switch (name) {
    case "say":
    case "reason":
    case "think":
    case "commentary":
    case "fix":
      return { type: name, text: body }
    case "shell":
      return { type: name, command: body }
    case "js":
      return { type: name, source: body }
    case "edit": {
      const bar = body.indexOf("|")
      if (bar <= 0) throw new Error(`[[edit:${body}]] wants FILE|TEXT`)
      return { type: name, path: body.slice(0, bar), text: body.slice(bar + 1) }
    }
    case "tool": {
      const colon = body.indexOf(":")
      return colon === -1
        ? { type: name, name: body, arguments: "{}" }
        : { type: name, name: body.slice(0, colon), arguments: body.slice(colon + 1) }
    }
    case "slow": {
      const [count, gapMs] = numbers(name, body, [Number.NaN, 100])
      return { type: name, count, gapMs }
    }
    case "deltas":
      return { type: name, count: numbers(name, body, [Number.NaN])[0] }
    case "status": {
      const [status, times] = numbers(name, body, [Number.NaN, Number.POSITIVE_INFINITY])
      return { type: name, status, times }
    }
    case "drop":
      return { type: name, times: numbers(name, body, [Number.POSITIVE_INFINITY])[0] }
    case "failed":
      return { type: name, code: body || "server_error" }
    case "refuse":
      if (!isRefusalName(body)) throw new Error(`[[refuse:${body}]] wants one of ${refusalNames.join(", ")}`)
      return { type: name, name: body }
    case "end": {
      const reason = stopReasons.find((each) => each === body)
      if (reason === undefined) throw new Error(`[[end:${body}]] wants one of ${stopReasons.join(", ")}`)
      return { type: name, reason }
    }
    case "usage": {
      const [input, cached, output, reasoning] = numbers(name, body, [Number.NaN, 0, 0, 0])
      return { type: name, usage: { input, cached, output, reasoning } }
    }
    case "schema":
    case "history":
    case "echo":
    case "image":
    case "hang":
    case "silent":
    case "then":
      return { type: name }
    default:
      throw new Error(`unknown directive ${name}`)
  }
}

/** Numbers separated by colons; a missing one is its default, NaN means that it must be given. */
function numbers<T extends [number, ...number[]]>(name: string, body: string, defaults: T): T {
  const given = body === "" ? [] : body.split(":")
  const values = defaults.map((fallback, index) => {
    const text = given[index]
    return text === undefined ? fallback : Number(text)
  })
  if (values.some(Number.isNaN)) throw new Error(`[[${name}:${body}]] wants numbers`)
  // `map` keeps the length, which the tuple type cannot express.
  return values as unknown as T
}

function isTool(directive: Directive): directive is ToolDirective {
  return ["shell", "edit", "tool", "js"].includes(directive.type)
}

function splitRounds(directives: readonly Directive[]): Omit<Script, "plainText"> {
  const rounds: Round[] = []
  let steps: Round["steps"][number][] = []
  let tools: ToolDirective[] = []
  let usage: Usage | null = null
  let fix: string | null = null
  const finishRound = () => {
    rounds.push({ steps, tools })
    steps = []
    tools = []
  }
  for (const directive of directives) {
    if (directive.type === "usage") usage = directive.usage
    else if (directive.type === "fix") fix = directive.text
    else if (directive.type === "then") finishRound()
    else if (isTool(directive)) {
      const isAlone = directive.type === "js" || tools.some((tool) => tool.type === "js")
      if (isAlone && tools.length > 0) finishRound()
      tools.push(directive)
    } else {
      if (tools.length > 0) finishRound()
      steps.push(directive)
    }
  }
  if (steps.length > 0 || tools.length > 0) finishRound()
  const hasCommentary = directives.some((directive) => directive.type === "commentary")
  return { rounds, usage, fix, hasCommentary }
}
