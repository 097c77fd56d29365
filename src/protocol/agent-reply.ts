import * as z from "zod"
import type { ReplyRecord, SentReply } from "../domain/replies.ts"
import { seconds } from "./common/answer-parts.ts"
import { refuseContentBeside } from "./common/content.ts"
import { bodyOf, readShape, refuseUnknown, type WireObject, wrongField } from "./common/shape.ts"

const maxTextLength = 1_000_000
const id = z.string().min(1).max(200)

/** Body of `POST /agent-reply`. */
const agentReply = z.object({
  agent: id.nullish(),
  text: z.string().min(1).max(maxTextLength),
  final: z.boolean().nullish(),
  response_id: id.nullish(),
  conversation: id.nullish(),
  thread: id.nullish(),
  id: id.nullish(),
})

/**
 * The same in the form of release 0.2.0. Whatever else is in it has no meaning, as it had none
 * there, but for what is ours or says something.
 */
const replyOf020 = z.object({
  agent: id.nullish(),
  event: z.enum(["final", "progress"]).nullish(),
  data: z.unknown(),
  task_id: id.nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
})

/** Both forms. */
export const anyAgentReply = z.union([z.strictObject(agentReply.shape), replyOf020])

const maxMetadataLength = 64 * 1024

/** What an agent says outside its CLI's output. */
export interface ParsedReply {
  /** Null: whoever sends it. */
  readonly agentId: string | null
  readonly text: string
  /** It is the answer: the turn that waits for it is over. */
  readonly isFinal: boolean
  readonly responseId: string | null
  readonly conversationId: string | null
  /** The CLI's name of the thread that it is said in. */
  readonly nativeThread: string | null
  /** The sender's own name of it. */
  readonly clientId: string | null
  /** Null: it came in our own form. */
  readonly sent: SentReply | null
}

/** Throws `invalid_request` for unknown fields too: a misspelt target is a wrong target. */
export function parseAgentReply(sent: unknown): ParsedReply {
  const input = bodyOf(sent)
  if (isOf020(input)) return parseOf020(input)
  refuseUnknown(agentReply, input)
  const body = readShape(agentReply, input, "")
  if (body.text.trim() === "") throw wrongField("text", "must say something.")
  return {
    agentId: body.agent ?? null,
    text: body.text,
    isFinal: body.final ?? false,
    responseId: body.response_id ?? null,
    conversationId: body.conversation ?? null,
    nativeThread: body.thread ?? null,
    clientId: body.id ?? null,
    sent: null,
  }
}

function isOf020(input: WireObject): boolean {
  return !("text" in input) && ["event", "data", "task_id"].some((name) => name in input)
}

/** Of our own form: what the other one has for it, or that it has nothing. */
const ours = { final: "'event'", response_id: "'text'", conversation: "'text'", thread: "'text'" }

function parseOf020(input: WireObject): ParsedReply {
  refuseContentBeside(input, "", "data")
  for (const [name, instead] of Object.entries(ours)) {
    if ((input[name] ?? null) !== null)
      throw wrongField(name, `does not go with 'event', 'data' and 'task_id'. Send ${instead}.`)
  }
  const { agent, event, data, task_id, metadata } = readShape(replyOf020, input, "")
  const isText = typeof data === "string"
  const text = isText ? data : (JSON.stringify(data) ?? "")
  if (text.trim() === "") throw wrongField("data", "must say something.")
  if (text.length > maxTextLength) {
    throw wrongField("data", `has more than ${maxTextLength} characters.`)
  }
  if (metadata != null && JSON.stringify(metadata).length > maxMetadataLength) {
    throw wrongField("metadata", `has more than ${maxMetadataLength} characters.`)
  }
  return {
    agentId: agent ?? null,
    text,
    isFinal: event === "final",
    responseId: null,
    conversationId: null,
    nativeThread: null,
    clientId: null,
    sent: { event: event ?? null, taskId: task_id ?? null, isJson: !isText, metadata: metadata ?? null },
  }
}

/** The answer to one: in the form that it came in. */
export function toReplyAnswer(reply: ReplyRecord): WireObject {
  return reply.sent === null ? toAgentReply(reply) : { ok: true, id: reply.sent.taskId ?? reply.id }
}

/** `file`: of the home, where release 0.2.0 has left it in one. */
export function toAgentReply(reply: ReplyRecord & { readonly file?: string }): WireObject {
  const { sent, file } = reply
  return {
    id: reply.id,
    object: "agent_reply",
    created_at: seconds(reply.createdAt),
    agent: reply.agentId,
    text: reply.text,
    delivered_to: reply.delivery,
    final: reply.isFinal,
    response_id: reply.responseId,
    conversation: reply.conversationId,
    ...(sent !== null && {
      event: sent.event,
      data: sent.isJson && reply.text !== null ? jsonOf(reply.text) : reply.text,
      task_id: sent.taskId,
      metadata: sent.metadata,
    }),
    ...(file !== undefined && { file }),
  }
}

/** A text that was cut is told as it is. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
