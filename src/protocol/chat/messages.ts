import * as z from "zod"
import { newId } from "../../domain/ids.ts"
import type { ClientItem, InputReference } from "../../domain/input-reference.ts"
import { type ContentPart, type MessageItem, type Role, textOf } from "../../domain/items.ts"
import {
  audioForm,
  type PartForm,
  partUnion,
  readContent,
  refusalForm,
  refuseContentBeside,
  textForm,
} from "../common/content.ts"
import { filePart, imageDetails, readFilePart, readImage } from "../common/media.ts"
import { invalidRequest, isObject, readShape, wrongField, wrongType } from "../common/shape.ts"

/** A chat history: what stands before everything else, and the rest as items, oldest first. */
interface Conversation {
  readonly instructions: string | null
  readonly input: readonly ClientItem[]
  /** Path of the message that each item of the input comes from: `messages[2]`. */
  readonly inputPaths: readonly string[]
  /** True: a message names its author, which agents are not told. */
  readonly hasNames: boolean
}

const roles = ["system", "developer", "user", "assistant", "tool", "function"] as const
const withRole = z.object({ role: z.enum(roles) })
const namedCall = z.object({ name: z.string().min(1), arguments: z.string() })
const toolCall = z.object({
  id: z.string().min(1),
  type: z.literal("function").nullish(),
  function: namedCall,
})
/** A call of a tool that takes text: a client that has such had them from another provider. */
const customCall = z.object({
  id: z.string().min(1),
  type: z.literal("custom"),
  custom: z.object({ name: z.string().min(1), input: z.string() }),
})
const toolMessage = z.object({ tool_call_id: z.string() })
const functionMessage = z.object({ name: z.string() })

type Part = ContentPart | InputReference

const text = { text: textForm }
/** What an assistant said. */
const said = { ...text, refusal: refusalForm }

const imagePart = z.object({
  image_url: z.object({ url: z.string(), detail: z.enum(imageDetails).nullish() }),
})

/** What a user says. */
const userParts: Readonly<Record<string, PartForm<Part>>> = {
  ...text,
  image_url: {
    shape: imagePart,
    read(part, path) {
      const { url, detail } = readShape(imagePart, part, path).image_url
      refuseContentBeside(part, path, "image_url")
      return readImage(url, detail, `${path}.image_url.url`)
    },
  },
  file: {
    shape: z.object({ file: filePart }),
    read(part, path) {
      if (!isObject(part.file)) throw wrongType(`${path}.file`, "an object", part.file)
      refuseContentBeside(part, path, "file")
      return readFilePart(part.file, `${path}.file`)
    },
  },
  input_audio: audioForm,
}

/** `messages` as they are documented. */
export function messagesForm(): z.ZodType {
  const texts = z.array(partUnion(text))
  const output = z.union([z.string(), texts]).nullable()
  const message = z.union([
    z.object({ role: z.enum(["system", "developer"]), content: z.union([z.string(), texts.min(1)]) }),
    z.object({
      role: z.literal("user"),
      content: z.union([z.string(), z.array(partUnion(userParts)).min(1)]),
    }),
    z.object({
      role: z.literal("assistant"),
      content: z.union([z.string(), z.array(partUnion(said))]).nullish(),
      tool_calls: z.array(z.union([toolCall, customCall])).nullish(),
    }),
    toolMessage.extend({ role: z.literal("tool"), content: output }),
    z.object({ role: z.literal("function"), ...functionMessage.shape, content: output }),
  ])
  return z.array(message).min(1)
}

/** They may end with the assistant's, or be instructions only: an answer is asked for. */
export function readMessages(value: unknown): Conversation {
  if (!Array.isArray(value)) throw wrongType("messages", "an array of messages", value)
  if (value.length === 0) throw wrongField("messages", "must hold at least one message.")
  const history = new History()
  for (const [index, message] of value.entries()) history.add(message, `messages[${index}]`)
  return history.end()
}

/** Collects the items of a history, and the calls that may still be answered. */
class History {
  readonly #instructions: string[] = []
  readonly #input: ClientItem[] = []
  readonly #inputPaths: string[] = []
  readonly #callIds = new Set<string>()
  /** Call ids made up for the deprecated `function_call`, by the function's name. */
  readonly #namedCalls = new Map<string, string>()
  /** Of the message that is being read. */
  #path = ""
  #hasNames = false

  add(message: unknown, path: string): void {
    if (!isObject(message)) throw wrongType(path, "an object", message)
    this.#path = path
    const { role } = readShape(withRole, message, path)
    if (role !== "function" && typeof message.name === "string") this.#hasNames = true
    switch (role) {
      case "system":
      case "developer":
        this.#addInstruction(textOf(readContent(message.content, `${path}.content`, text)))
        break
      case "user":
        refuseContentBeside(message, path, "content")
        this.#push(messageItem("user", readContent(message.content, `${path}.content`, userParts)))
        break
      case "assistant":
        this.#addAssistant(message, path)
        break
      case "tool":
        this.#addToolOutput(message, path)
        break
      case "function":
        this.#addFunctionOutput(message, path)
        break
    }
  }

  end(): Conversation {
    const instructions = this.#instructions.length === 0 ? null : this.#instructions.join("\n\n")
    return { instructions, input: this.#input, inputPaths: this.#inputPaths, hasNames: this.#hasNames }
  }

  /** In front they are the thread's; behind, the turn's, which may have nothing else (gptme). */
  #addInstruction(text: string): void {
    if (this.#input.length === 0) this.#instructions.push(text)
    else this.#push(messageItem("developer", [{ type: "text", text }]))
  }

  #addAssistant(message: Readonly<Record<string, unknown>>, path: string): void {
    const calls = message.tool_calls ?? []
    if (!Array.isArray(calls)) throw wrongType(`${path}.tool_calls`, "an array", calls)
    const single = message.function_call ?? null
    const content = message.content ?? message.refusal ?? null
    if (content !== null) {
      const parts = readContent(content, `${path}.content`, said)
      if (textOf(parts) !== "") this.#push(messageItem("assistant", parts))
    } else if (calls.length === 0 && single === null) {
      throw invalidRequest(`${path}.content`, `Missing required parameter: '${path}.content'.`)
    }
    for (const [index, call] of calls.entries()) {
      const at = `${path}.tool_calls[${index}]`
      if (isObject(call) && call.type === "custom") {
        const { id, custom } = readShape(customCall, call, at)
        this.#addCall(id, { name: custom.name, arguments: JSON.stringify({ input: custom.input }) })
        continue
      }
      const read = readShape(toolCall, call, at)
      this.#addCall(read.id, read.function)
    }
    if (single !== null) {
      const call = readShape(namedCall, single, `${path}.function_call`)
      const callId = `call_${this.#input.length}_${call.name}`
      this.#namedCalls.set(call.name, callId)
      this.#addCall(callId, call)
    }
  }

  #addCall(callId: string, call: z.infer<typeof namedCall>): void {
    this.#callIds.add(callId)
    this.#push({ type: "function_call", id: newId("fc_"), callId, ...call, status: "completed" })
  }

  #addToolOutput(message: unknown, path: string): void {
    const { tool_call_id: callId } = readShape(toolMessage, message, path)
    if (!this.#callIds.has(callId)) {
      throw wrongField(
        `${path}.tool_call_id`,
        "answers no call: no assistant message before it has a tool call of that id.",
      )
    }
    this.#addOutput(callId, message, path)
  }

  #addFunctionOutput(message: unknown, path: string): void {
    const callId = this.#namedCalls.get(readShape(functionMessage, message, path).name)
    if (callId === undefined) {
      throw wrongField(
        `${path}.name`,
        "answers no call: no assistant message before it has a function call of that name.",
      )
    }
    this.#addOutput(callId, message, path)
  }

  #addOutput(callId: string, message: unknown, path: string): void {
    const content = isObject(message) ? message.content : undefined
    // It may be nothing.
    const output = content === null ? "" : textOf(readContent(content, `${path}.content`, text))
    this.#push({
      type: "function_call_output",
      id: newId("fco_"),
      callId,
      output: [{ type: "text", text: output }],
      status: "completed",
    })
  }

  #push(item: ClientItem): void {
    this.#input.push(item)
    this.#inputPaths.push(this.#path)
  }
}

function messageItem(role: Role, content: readonly Part[]): MessageItem<Part> {
  return { type: "message", id: newId("msg_"), role, content, phase: null, status: "completed" }
}
