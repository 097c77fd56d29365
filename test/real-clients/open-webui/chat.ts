import { randomUUID } from "node:crypto"
import { waitFor } from "../../support/wait-for.ts"
import { answerMs, type OpenWebUi } from "./server.ts"

export interface Attached {
  readonly type: "file" | "image"
  readonly id: string
  readonly name: string
  readonly contentType: string
}

export interface Asked {
  readonly model?: string
  readonly attached?: readonly Attached[]
  /** Beside the chat: title, tags, follow-ups. */
  readonly isWithSideRequests?: boolean
  readonly functionCalling?: "native" | "legacy"
  readonly tools?: readonly string[]
}

interface Message {
  readonly content?: string
  readonly done?: boolean
  readonly error?: unknown
  readonly output?: readonly { readonly type: string; readonly content?: readonly { text?: string }[] }[]
}

/** A chat as the page has it: the server keeps the messages, and asks for the answer by itself. */
export class OpenWebUiChat {
  readonly #webUi: OpenWebUi
  readonly #sessionId = randomUUID()
  /** Of the whole chat: the page sends all of them with each message. */
  readonly #files: object[] = []
  #id: string | null = null
  #lastAnswerId: string | null = null

  constructor(webUi: OpenWebUi) {
    this.#webUi = webUi
  }

  /** Returns when the server has taken it. */
  async send(text: string, { model = "manager", ...asked }: Asked = {}): Promise<void> {
    const [userId, answerId] = [randomUUID(), randomUUID()]
    const attached = (asked.attached ?? []).map(pageItem)
    this.#files.push(...attached.filter(({ type }) => type === "file"))
    const { chat_id } = await this.#webUi.call("/api/chat/completions", {
      stream: true,
      model,
      messages: [{ role: "user", content: text }],
      params: { ...(asked.functionCalling === "legacy" && { function_calling: "legacy" }) },
      ...(this.#files.length > 0 && { files: this.#files }),
      ...(asked.tools !== undefined && { tool_ids: asked.tools }),
      tool_servers: [],
      features: {},
      variables: {},
      session_id: this.#sessionId,
      ...(this.#id !== null && { chat_id: this.#id }),
      id: answerId,
      parent_id: this.#lastAnswerId,
      user_message: {
        id: userId,
        parentId: this.#lastAnswerId,
        childrenIds: [answerId],
        role: "user",
        content: text,
        ...(attached.length > 0 && { files: attached }),
        models: [model],
      },
      ...(asked.isWithSideRequests === true && {
        background_tasks: { title_generation: true, tags_generation: true, follow_up_generation: true },
      }),
    })
    this.#id = String(chat_id)
    this.#lastAnswerId = answerId
  }

  /** The whole answer, when it is there. Throws where it is an error. */
  async answer(limitMs = answerMs): Promise<string> {
    const message = await waitFor(
      async () => {
        const newest = await this.#newest()
        return newest.done === true || newest.error !== undefined ? newest : null
      },
      { what: "the answer", timeoutMs: limitMs, intervalMs: 200 },
    )
    if (message.error !== undefined) throw new Error(JSON.stringify(message.error))
    return textOf(message)
  }

  async ask(text: string, asked: Asked = {}): Promise<string> {
    await this.send(text, asked)
    return await this.answer()
  }

  /** Presses Stop as soon as these words of the answer are on the page. */
  async stopAt(words: string): Promise<void> {
    await waitFor(async () => textOf(await this.#newest()).includes(words), {
      what: `${words} in the answer`,
      timeoutMs: answerMs,
      intervalMs: 100,
    })
    await this.#webUi.call(`/api/tasks/chat/${this.#id}/stop`, {})
  }

  async #newest(): Promise<Message> {
    const { chat } = (await this.#webUi.call(`/api/v1/chats/${this.#id}`)) as {
      chat: { history: { messages: Record<string, Message> } }
    }
    return chat.history.messages[this.#lastAnswerId ?? ""] ?? {}
  }
}

function pageItem({ type, id, name, contentType }: Attached) {
  return { type, id, url: id, name, content_type: contentType, status: "uploaded", itemId: id }
}

function textOf({ content = "", output = [] }: Message): string {
  const messages = output.filter(({ type }) => type === "message")
  const text = messages.flatMap(({ content: parts = [] }) => parts.map((part) => part.text ?? "")).join("")
  return text === "" ? content : text
}
