import { describe, expect, it } from "vitest"
import type { MessageItem, Role } from "../domain/items.ts"
import { anyFunction } from "../domain/turn-request.ts"
import { isSideRequest, namesTask } from "./side-request.ts"

const history = "<chat_history>\nUSER: hello\nASSISTANT: hi\n</chat_history>"
const title = `### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Guidelines:
- The title should clearly represent the main theme or subject of the conversation.
### Output:
JSON format: { "title": "your concise title here" }
### Examples:
- { "title": "📉 Stock Market Trends" },
### Chat History:
${history}`
const libreChatTitle = `Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the title itself.

Conversation:
User: hello
AI: hi`

function message(text: string, role: Role = "user"): MessageItem {
  return {
    type: "message",
    id: "msg_1",
    role,
    content: [{ type: "text", text }],
    phase: null,
    status: "completed",
  }
}

const noFunctions = { tools: [], functionChoice: anyFunction }

function matches(text: string): boolean {
  return isSideRequest([message(text)], noFunctions)
}

describe("a side request by its template", () => {
  it.each([
    ["Open WebUI's title", title],
    ["the same with Windows line ends and blanks around it", `\n${title.replaceAll("\n", "\r\n")} \n`],
    [
      "Open WebUI's tags",
      `### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history, along with 1-3 more specific subtopic tags.\n\n### Guidelines:\n- Prioritize accuracy over specificity\n\n### Output:\nJSON format: { "tags": ["tag1", "tag2", "tag3"] }\n\n### Chat History:\n${history}`,
    ],
    [
      "Open WebUI's follow-ups",
      `### Task:\nSuggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next in this conversation as a **user**, based on the chat history, to help continue or deepen the discussion.\n### Guidelines:\n- Make questions concise.\n### Output:\nJSON format: { "follow_ups": ["Question 1?", "Question 2?", "Question 3?"] }\n### Chat History:\n${history}`,
    ],
    [
      "Open WebUI's search queries",
      `### Task:\nAnalyze the chat history to determine the necessity of generating search queries, in the given language.\n\n### Guidelines:\n- Today's date is: 2026-01-01.\n\n### Output:\nStrictly return in JSON format: \n{\n  "queries": ["query1", "query2"]\n}\n\n### Chat History:\n${history}\n`,
    ],
    [
      "Open WebUI's autocomplete",
      `### Task:\nYou are an autocompletion system. Continue the text in \`<text>\` based on the **completion type** in \`<type>\` and the given language.  \n\n### **Examples**:\n#### Example 1:  \nInput:  \n<type>General</type>  \n<text>The sun</text>  \nOutput:  \n{ "text": "sets." }\n\n---\n### Context:\n${history}\n<type>search query</type>  \n<text>best pizza</text>  \n#### Output:\n`,
    ],
    [
      "Open WebUI's emoji",
      `Your task is to reflect the speaker's likely facial expression through a fitting emoji. Interpret emotions from the message.\n\nMessage: """hello"""`,
    ],
    ["LibreChat's title", libreChatTitle],
    [
      "LibreChat's title with its language",
      "Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title in the detected language (5 words or less, no punctuation or quotation)\n\nUser: hello\nAI: hi",
    ],
    [
      "LibreChat's title of an assistant's thread",
      "Please generate a concise title (max 40 characters) for a conversation that starts with:\nUser: hello\nAssistant: hi\n\nTitle:",
    ],
  ])("is %s", (_name, text) => {
    expect(matches(text)).toBe(true)
  })

  it.each([
    ["a question about such a text", `Why does Open WebUI send this?\n\n${title}`],
    ["such a text with a question behind it", `${title}\n\nWhat does this prompt do?`],
    ["a part of it", title.slice(0, 120)],
    ["a task of somebody's own", "### Task:\nGenerate a title for my blog post.\n### Output:\nText"],
    [
      "a task of somebody's own with a history",
      `### Task:\nGenerate a summary.\n### Output:\nThree sentences.\n### Chat History:\n${history}`,
    ],
    [
      "Open WebUI's question about documents, which is the chat itself",
      "### Task:\nRespond to the user query using the provided context.\n\n### Output:\nProvide a clear response.\n\n<context>\n<source>text</source>\n</context>\n\n<user_query>\nhello\n</user_query>",
    ],
    ["LibreChat's words without a conversation", libreChatTitle.slice(0, 140)],
    [
      "somebody's words like LibreChat's",
      "Provide a concise, 5-word-or-less title for the conversation we had yesterday.",
    ],
    ["another analysis", "Analyze this conversation and provide:\n1. A summary\n\nUser: hello\nAI: hi"],
  ])("is not %s", (_name, text) => {
    expect(matches(text)).toBe(false)
  })

  it("is not a later message of a chat, nor one with an image, nor a developer's", () => {
    expect(isSideRequest([message("hello"), message("hi", "assistant"), message(title)], noFunctions)).toBe(
      false,
    )
    const image = { type: "image" as const, url: "data:image/png;base64,AA==" }
    const withImage = { ...message(title), content: [...message(title).content, image] }
    expect(isSideRequest([withImage], noFunctions)).toBe(false)
    expect(isSideRequest([message(title, "developer")], noFunctions)).toBe(false)
    expect(isSideRequest([], noFunctions)).toBe(false)
  })

  it("has functions only where it demands a call of one", () => {
    const tools = [{ name: "output", description: "", parameters: {} }]
    expect(isSideRequest([message(title)], { tools, functionChoice: anyFunction })).toBe(false)
    expect(
      isSideRequest([message(title)], { tools, functionChoice: { allowed: null, isRequired: true } }),
    ).toBe(true)
  })

  it("is told from a long text that only looks like it without trying every way to read it", () => {
    const part = '\n### Output:\n"title"\n### Chat History:\n<chat_history>\n'
    expect(matches(`### Task:\nGenerate ${part.repeat(20_000)} end`)).toBe(false)
  })
})

it("is named by the header, where that is a task of Open WebUI", () => {
  expect(["title_generation", " Function_Calling "].map(namesTask)).toEqual([true, true])
  const others = [undefined, "", " ", "None", "default", "{{TASK}}", "chat", "tags", "my_task"]
  expect(others.map(namesTask)).toEqual(others.map(() => false))
})
