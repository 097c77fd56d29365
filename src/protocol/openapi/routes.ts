import type { JsonSchema } from "../common/answer-shapes.ts"
import { includable } from "../responses/parameters.ts"
import { turnApis } from "../turn-apis.ts"

/** One parameter of a route's query, or a header. */
export interface QueryDescription {
  readonly name: string
  readonly note: string
  readonly schema: JsonSchema
}

/** Headers that turns read. */
export const turnHeaders: readonly QueryDescription[] = [
  {
    name: "Idempotency-Key",
    note: "Same key and body: the same answer, one run.",
    schema: { type: "string" },
  },
  {
    name: "X-Session-Id",
    note: "Names a conversation of the client's own; more names can be configured.",
    schema: { type: "string", maxLength: 512 },
  },
  {
    name: "X-On-Disconnect",
    note: "What a turn does when its client leaves.",
    schema: { enum: ["cancel", "continue"], default: "cancel" },
  },
  {
    name: "X-Client-Request-Id",
    note: "The client's own id of the request, for the log.",
    schema: { type: "string" },
  },
]

const limit = (maximum: number, usual: number): QueryDescription => ({
  name: "limit",
  note: "Entries of a page.",
  schema: { type: "integer", minimum: 1, maximum, default: usual },
})
const after: QueryDescription = {
  name: "after",
  note: "Id of the last entry of the page before.",
  schema: { type: "string" },
}
const order = (usual: string): QueryDescription => ({
  name: "order",
  note: "`desc`: newest first.",
  schema: { enum: ["asc", "desc"], default: usual },
})
const include: QueryDescription = {
  name: "include",
  note: "Checked; nothing is added.",
  schema: { type: "array", items: { enum: includable } },
}
const page = (usualOrder: string) => [limit(100, 20), order(usualOrder), after]
const purpose: QueryDescription = {
  name: "purpose",
  note: "Of this purpose only.",
  schema: { type: "string" },
}
const flag = { type: "boolean", default: false }

interface Route {
  /** Unique; the document's `operationId`. */
  readonly name: string
  /** What it does here. */
  readonly note: string
  /** Served without a key. */
  readonly isOpen?: true
  readonly query?: readonly QueryDescription[]
  /** Schema of the body. */
  readonly body?: string
  /** Of the body; default: JSON. */
  readonly bodyType?: string
  /** Runs a turn: takes the headers of turns, and may be streamed. */
  readonly isTurn?: true
  /** Schema of the answer, or its media type where it is no JSON. */
  readonly answer: string
  /** The same as events. */
  readonly canStream?: true
  /** Other statuses with the schema of the answer. */
  readonly otherStatus?: number
}

/** For the document and `docs/api.md`. A test holds them against the routes that are served. */
export interface RouteDescription extends Route {
  readonly method: string
  /** As in OpenAPI: `/v1/models/{id}`. */
  readonly path: string
}

/** By method and path, which is as in OpenAPI. */
const routes: Readonly<Record<string, Route>> = {
  "GET /v1/responses/{id}": {
    name: "getResponse",
    note: "A stored response, running ones included; with `stream` its events, from the first or behind a number.",
    query: [
      {
        name: "stream",
        note: "As events, while it runs or after it. Read in a JSON body as well.",
        schema: flag,
      },
      {
        name: "starting_after",
        note: "Only with `stream`: events behind this number. Read in a JSON body as well.",
        schema: { type: "integer", minimum: 0 },
      },
      include,
      { name: "include_obfuscation", note: "Checked; nothing is padded.", schema: flag },
    ],
    answer: "Response",
    canStream: true,
  },
  "DELETE /v1/responses/{id}": {
    name: "deleteResponse",
    note: "Deletes it; a running turn is cancelled first. A 404 the second time.",
    answer: "Deleted",
  },
  "POST /v1/responses/{id}/cancel": {
    name: "cancelResponse",
    note: "Ends a background response; answered when the agent has really stopped. Takes no body.",
    answer: "Response",
  },
  "GET /v1/responses/{id}/input_items": {
    name: "listInputItems",
    note: "All items that the response was made from, the conversation before it included.",
    query: [...page("desc"), include],
    answer: "ItemList",
  },
  "POST /v1/responses/compact": {
    name: "compactResponse",
    note: "The agent sums a conversation up, on a thread that leaves nothing. The answer's `output` is input for what follows.",
    body: "Compact",
    answer: "Compaction",
  },
  "POST /v1/responses/input_tokens": {
    name: "countInputTokens",
    note: "An estimate for the request and the conversation before it, without what the CLI adds. Runs nothing.",
    body: "CreateResponse",
    answer: "TokenCount",
  },
  "GET /v1/chat/completions": {
    name: "listChatCompletions",
    note: "Those that were made with `store: true`.",
    query: [
      ...page("asc"),
      { name: "model", note: "Of this agent only.", schema: { type: "string" } },
      {
        name: "metadata",
        note: "Pairs that it must have: `metadata[key]=value`.",
        schema: { type: "object", additionalProperties: { type: "string" } },
      },
    ],
    answer: "ChatCompletionList",
  },
  "GET /v1/chat/completions/{id}": {
    name: "getChatCompletion",
    note: "A stored chat completion.",
    answer: "ChatCompletion",
  },
  "POST /v1/chat/completions/{id}": {
    name: "updateChatCompletion",
    note: "Replaces its metadata.",
    body: "UpdateMetadata",
    answer: "ChatCompletion",
  },
  "DELETE /v1/chat/completions/{id}": {
    name: "deleteChatCompletion",
    note: "Deletes it. A 404 the second time.",
    answer: "Deleted",
  },
  "GET /v1/chat/completions/{id}/messages": {
    name: "listChatMessages",
    note: "What the completion was asked with.",
    query: page("asc"),
    answer: "ChatMessageList",
  },
  "POST /v1/conversations": {
    name: "createConversation",
    note: "A conversation, with up to 20 items.",
    body: "CreateConversation",
    answer: "Conversation",
  },
  "GET /v1/conversations/{id}": {
    name: "getConversation",
    note: "A conversation of this key.",
    answer: "Conversation",
  },
  "POST /v1/conversations/{id}": {
    name: "updateConversation",
    note: "Replaces its metadata.",
    body: "UpdateMetadata",
    answer: "Conversation",
  },
  "DELETE /v1/conversations/{id}": {
    name: "deleteConversation",
    note: "Deletes it with its items; responses stay.",
    answer: "Deleted",
  },
  "GET /v1/conversations/{id}/items": {
    name: "listItems",
    note: "Its items, newest first.",
    query: [...page("desc"), include],
    answer: "ItemList",
  },
  "POST /v1/conversations/{id}/items": {
    name: "addItems",
    note: "Adds up to 20 items; the agent knows them in its next turn.",
    query: [include],
    body: "AddItems",
    answer: "ItemList",
  },
  "GET /v1/conversations/{id}/items/{itemId}": {
    name: "getItem",
    note: "One of its items.",
    query: [include],
    answer: "Item",
  },
  "DELETE /v1/conversations/{id}/items/{itemId}": {
    name: "deleteItem",
    note: "Deletes an item, and answers with the conversation.",
    answer: "Conversation",
  },
  "POST /v1/files": {
    name: "uploadFile",
    note: "Keeps a file, to be named as `file_id` in messages.",
    body: "UploadFile",
    bodyType: "multipart/form-data",
    answer: "File",
  },
  "GET /v1/files": {
    name: "listFiles",
    note: "The files of this key.",
    query: [limit(10_000, 10_000), order("desc"), after, purpose],
    answer: "FileList",
  },
  "GET /v1/files/{id}": { name: "getFile", note: "What is known of a file.", answer: "File" },
  "DELETE /v1/files/{id}": {
    name: "deleteFile",
    note: "Deletes it. What an agent was given of it stays in its inbox.",
    answer: "Deleted",
  },
  "GET /v1/files/{id}/content": {
    name: "getFileContent",
    note: "Its bytes, always as a download.",
    answer: "application/octet-stream",
  },
  "GET /v1/models": {
    name: "listModels",
    note: "Every agent is a model, the manager first.",
    answer: "ModelList",
  },
  "GET /v1/models/{id}": {
    name: "getModel",
    note: "An agent by its id or unique bare name, with the `capabilities` of its CLI (null: not asked yet).",
    answer: "Model",
  },
  "POST /agent-reply": {
    name: "sendAgentReply",
    note: "What an agent says outside its CLI's output, by its own token (`docs/team.md`) or by an API key in its name.",
    body: "SendAgentReply",
    answer: "SentAgentReply",
  },
  "GET /agent-reply": {
    name: "listAgentReplies",
    note: "What agents have said that no turn and no conversation took, the newest first (`docs/team.md`). Not for an agent's token.",
    query: [{ name: "agent", note: "Of this agent only.", schema: { type: "string" } }, limit(100, 20)],
    answer: "AgentReplyList",
  },
  "DELETE /agent-reply/{id}": {
    name: "deleteAgentReply",
    note: "Takes a message out of its outbox, once somebody has seen to it. A 404 the second time. Not for an agent's token.",
    answer: "Deleted",
  },
  "GET /openapi.json": {
    name: "getOpenApi",
    note: "This API as an OpenAPI 3.1 document.",
    answer: "OpenApi",
  },
  "GET /health": {
    name: "getHealth",
    note: "The process answers, and where it was reached; says nothing of how the agents are.",
    isOpen: true,
    answer: "Health",
  },
  "GET /ready": {
    name: "getReadiness",
    note: "200 when the manager can take a turn and it can be stored, else 503; where it cannot be stored, `reason` says why.",
    isOpen: true,
    answer: "Readiness",
    otherStatus: 503,
  },
  "GET /": { name: "getStatusPage", note: "The status page.", isOpen: true, answer: "text/html" },
  "GET /web": { name: "getWebPage", note: "The status page.", isOpen: true, answer: "text/html" },
}

export const routeDescriptions: readonly RouteDescription[] = [
  ...turnApis.map(
    ({ described: { path, name, note, body, answer } }) =>
      ({ method: "POST", path, name, note, body, isTurn: true, answer, canStream: true }) as const,
  ),
  ...Object.entries(routes).map(([key, route]) => {
    const [method = "", path = ""] = key.split(" ")
    return { method, path, ...route }
  }),
]
