import * as z from "zod"
import { ProxyError } from "../domain/errors.ts"
import type { ReplyRecord } from "../domain/replies.ts"
import { seconds } from "./responses/resource.ts"
import { invalidRequest, isObject, readShape, refuseUnknown } from "./shape.ts"
import type { WireObject } from "./wire-items.ts"

const maxTextLength = 1_000_000
const id = z.string().min(1).max(200)

/** Body of `POST /agent-reply`. */
export const agentReply = z.object({
  agent: id.nullish(),
  text: z.string().min(1).max(maxTextLength),
  final: z.boolean().nullish(),
  response_id: id.nullish(),
  conversation: id.nullish(),
  thread: id.nullish(),
  id: id.nullish(),
})

export interface ParsedReply {
  /** Null: whoever sends it. */
  readonly agentId: string | null
  readonly text: string
  readonly isFinal: boolean
  readonly responseId: string | null
  readonly conversationId: string | null
  readonly nativeThread: string | null
  readonly clientId: string | null
}

/** Throws `invalid_request` that names the field; an unknown field is one, since a misspelt target is a wrong target. */
export function parseAgentReply(input: unknown): ParsedReply {
  if (!isObject(input)) throw new ProxyError("invalid_request", "The body must be a JSON object.")
  refuseUnknown(agentReply, input)
  const body = readShape(agentReply, input, "")
  if (body.text.trim() === "") throw invalidRequest("text", "'text' must say something.")
  return {
    agentId: body.agent ?? null,
    text: body.text,
    isFinal: body.final ?? false,
    responseId: body.response_id ?? null,
    conversationId: body.conversation ?? null,
    nativeThread: body.thread ?? null,
    clientId: body.id ?? null,
  }
}

export function toAgentReply(reply: ReplyRecord): WireObject {
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
  }
}
