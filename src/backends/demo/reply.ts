import type { TurnInput } from "../../domain/backend.ts"
import { type ContentPart, type FunctionTool, type MessageItem, textOf } from "../../domain/items.ts"
import { minimalJson } from "./minimal-json.ts"

/** One thing that the demo agent does in answer to an input. */
export type DemoStep =
  | { readonly type: "think"; readonly text: string }
  /** A program of `harmless`, and what is said in front of its output. */
  | {
      readonly type: "run"
      readonly program: string
      readonly args: readonly string[]
      readonly folder: "workspace" | "working directory"
      readonly intro: string
    }
  /** A line for the demo's own file. */
  | { readonly type: "edit"; readonly line: string }
  | {
      readonly type: "text"
      readonly text: string
      readonly pieces: readonly string[]
      readonly pauseMs: number
    }
  | { readonly type: "call"; readonly name: string; readonly arguments: string }

/** What it runs, without a shell: none of them changes anything. */
const harmless = ["date", "echo", "ls", "pwd", "sleep", "uname", "whoami"]

const maxCount = 1_000

const introduction =
  "This is the built-in demo agent: it has no model behind it, it only shows that the service works. " +
  "For a real agent install one (`npm install -g @openai/codex`), log in (`codex login`) and start the service again."

const abilities =
  'Try "count to 20", "say hello", "list what I said", "think about tea", "run ls", "edit: a line", an image, or ' +
  '"call NAME {json}" with a function of yours.'

/**
 * Decides from the words of the user. `said` is everything that the user has said in the thread,
 * this input included, oldest first. `mayAct` false: it neither runs nor edits.
 */
export function demoReply(
  input: TurnInput,
  said: readonly string[],
  tools: readonly FunctionTool[],
  mayAct: boolean,
): readonly DemoStep[] {
  const parts = input.messages.filter(isUsers).flatMap(({ content }) => content)
  const text = textOf(parts).trim()
  if (input.outputSchema !== null) return [spoken(JSON.stringify(minimalJson(input.outputSchema)))]
  const call = /^call\s+([\w-]+)\s*([\s\S]*)$/i.exec(text)
  if (call !== null) return [functionCall(call[1] ?? "", call[2] ?? "", tools)]
  const count = /^count to (\d+)\b/i.exec(text)
  if (count !== null) return [counted(Math.min(Number(count[1]), maxCount))]
  const images = parts.filter((part) => part.type === "image")
  if (images.length > 0) return [spoken(images.map((image) => described(image.url)).join("\n"))]
  if (/^list what I said\b/i.test(text)) {
    return [spoken(said.map((line, index) => `${index + 1}. ${line}`).join("\n"))]
  }
  const echo = /^say\s+([\s\S]+)$/i.exec(text)
  if (echo !== null) return [spoken(echo[1] ?? "")]
  const acts = actsOf(text)
  if (acts !== null && mayAct) return acts
  if (acts !== null) return [spoken(`This thread may only be answered, so nothing was done. ${introduction}`)]
  const subject = /^think about\s+(.+)$/i.exec(text)?.[1]
  if (subject !== undefined) {
    return [think(`They want me to think about ${subject}.`), spoken(`I have thought about ${subject}.`)]
  }
  const things = said.length === 1 ? "1 thing" : `${said.length} things`
  return [
    think("There is no model behind me. I say what I am, and what they can try."),
    spoken(
      `${introduction}\n\nYou said: ${text}\nYou have said ${things} so far; first: ${said[0] ?? ""}\n\n${abilities}`,
    ),
  ]
}

/** Whether the user has said it, and not the service. */
export function isUsers({ role, isAside }: MessageItem): boolean {
  return role === "user" && isAside !== true
}

/** Null: nothing is to be done. */
function actsOf(text: string): readonly DemoStep[] | null {
  const edit = /^(?:edit|write)\b:?\s+(.+)$/i.exec(text)?.[1]
  if (edit !== undefined) return [think("A line for my file."), { type: "edit", line: edit }]
  if (/^what is in your working directory\b/i.test(text)) {
    const intro = "In my working directory there is"
    return [
      think("I have to look."),
      { type: "run", program: "ls", args: ["-A"], folder: "working directory", intro },
    ]
  }
  const [, program = "", rest = ""] = /^run\s+(\S+)\s*(.*)$/is.exec(text) ?? []
  if (program === "") return null
  if (!harmless.includes(program)) {
    return [
      spoken(
        `The demo agent runs ${harmless.join(", ")} and nothing else, so nothing was run. ${introduction}`,
      ),
    ]
  }
  const args = rest.split(/\s+/).filter((word) => word !== "")
  const intro = `\`${[program, ...args].join(" ")}\` printed`
  return [
    think(`They want me to run ${program}.`),
    { type: "run", program, args, folder: "workspace", intro },
  ]
}

/** What is said once the client has answered a call. */
export function replyToOutput(name: string, output: readonly ContentPart[]): DemoStep {
  return spoken(`${name} answered: ${textOf(output)}`)
}

function think(text: string): DemoStep {
  return { type: "think", text }
}

function functionCall(name: string, rest: string, tools: readonly FunctionTool[]): DemoStep {
  if (tools.some((tool) => tool.name === name)) {
    return { type: "call", name, arguments: rest.trim() === "" ? "{}" : rest.trim() }
  }
  const offered = tools.length === 0 ? "none was offered" : tools.map((tool) => tool.name).join(", ")
  return spoken(`There is no function ${name} (${offered}).`)
}

function counted(to: number): DemoStep {
  const pieces = Array.from({ length: to }, (_, index) => (index === 0 ? "1" : ` ${index + 1}`))
  return { type: "text", text: pieces.join(""), pieces, pauseMs: 20 }
}

export function spoken(text: string): Extract<DemoStep, { type: "text" }> {
  // A few words at a time, so that streaming can be seen.
  const pieces = text.match(/\s*\S+(?:\s+\S+){0,3}|\s+$/g) ?? []
  return { type: "text", text: pieces.join(""), pieces, pauseMs: 0 }
}

function described(url: string): string {
  const match = /^data:([^;,]+)[^,]*;base64,(.*)$/s.exec(url)
  if (match === null) return "An image that is not a base64 data URL."
  return `An image of type ${match[1]} with ${Buffer.from(match[2] ?? "", "base64").length} bytes.`
}
