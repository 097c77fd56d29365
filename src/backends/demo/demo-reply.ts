import type { FunctionTool, TurnInput } from "../../domain/backend.ts"
import { type ContentPart, textOf } from "../../domain/items.ts"
import { minimalJson } from "./minimal-json.ts"

/** What the demo agent does in answer to one input. */
export type DemoReply =
  | {
      readonly type: "text"
      readonly text: string
      readonly pieces: readonly string[]
      readonly pauseMs: number
    }
  | { readonly type: "call"; readonly name: string; readonly arguments: string }

const maxCount = 1_000

const introduction =
  "This is the built-in demo agent: it has no model behind it, it only shows that the service works. " +
  "For a real agent install one (`npm install -g @openai/codex`), log in (`codex login`) and start the service again."

const abilities =
  'Try "count to 20", "say hello", "list what I said", an image, or "call NAME {json}" with a function of yours.'

/**
 * Decides from the words of the user. `said` is everything that the user has said in the thread, this input included,
 * oldest first.
 */
export function demoReply(
  input: TurnInput,
  said: readonly string[],
  tools: readonly FunctionTool[],
): DemoReply {
  const parts = input.messages.flatMap(({ role, content }) => (role === "user" ? content : []))
  const text = textOf(parts).trim()
  if (input.outputSchema !== null) return spoken(JSON.stringify(minimalJson(input.outputSchema)))
  const call = /^call\s+([\w-]+)\s*([\s\S]*)$/i.exec(text)
  if (call !== null) return functionCall(call[1] ?? "", call[2] ?? "", tools)
  const count = /^count to (\d+)\b/i.exec(text)
  if (count !== null) return counted(Math.min(Number(count[1]), maxCount))
  const images = parts.filter((part) => part.type === "image")
  if (images.length > 0) return spoken(images.map((image) => described(image.url)).join("\n"))
  if (/^list what I said\b/i.test(text)) {
    return spoken(said.map((line, index) => `${index + 1}. ${line}`).join("\n"))
  }
  const echo = /^say\s+([\s\S]+)$/i.exec(text)
  if (echo !== null) return spoken(echo[1] ?? "")
  if (/^run\s/i.test(text)) {
    return spoken(`Demo agents do not run commands, so nothing was run. ${introduction}`)
  }
  const things = said.length === 1 ? "1 thing" : `${said.length} things`
  return spoken(
    `${introduction}\n\nYou said: ${text}\nYou have said ${things} so far; first: ${said[0] ?? ""}\n\n${abilities}`,
  )
}

/** What is said once the client has answered a call. */
export function replyToOutput(name: string, output: readonly ContentPart[]): DemoReply {
  return spoken(`${name} answered: ${textOf(output)}`)
}

function functionCall(name: string, rest: string, tools: readonly FunctionTool[]): DemoReply {
  if (tools.some((tool) => tool.name === name)) {
    return { type: "call", name, arguments: rest.trim() === "" ? "{}" : rest.trim() }
  }
  const offered = tools.length === 0 ? "none was offered" : tools.map((tool) => tool.name).join(", ")
  return spoken(`There is no function ${name} (${offered}).`)
}

function counted(to: number): DemoReply {
  const pieces = Array.from({ length: to }, (_, index) => (index === 0 ? "1" : ` ${index + 1}`))
  return { type: "text", text: pieces.join(""), pieces, pauseMs: 20 }
}

function spoken(text: string): DemoReply {
  // A few words at a time, so that streaming can be seen.
  const pieces = text.match(/\s*\S+(?:\s+\S+){0,3}|\s+$/g) ?? []
  return { type: "text", text: pieces.join(""), pieces, pauseMs: 0 }
}

function described(url: string): string {
  const match = /^data:([^;,]+)[^,]*;base64,(.*)$/s.exec(url)
  if (match === null) return "An image that is not a base64 data URL."
  return `An image of type ${match[1]} with ${Buffer.from(match[2] ?? "", "base64").length} bytes.`
}
