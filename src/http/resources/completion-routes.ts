import type { Config } from "../../config/config.ts"
import type { Metadata, PageRequest } from "../../domain/conversations.ts"
import type { Engine } from "../../engine/engine.ts"
import { toChatCompletion, toStoredMessages } from "../../protocol/chat/completion.ts"
import { toList, type WireObject } from "../../protocol/common/answer-parts.ts"
import { looseMetadata } from "../../protocol/common/loose-forms.ts"
import { invalidRequest } from "../../protocol/common/shape.ts"
import { parseMetadataUpdate } from "../../protocol/responses/conversations.ts"

import { readLooseBody } from "../guard/json-body.ts"
import { pageOf, unknownIn } from "../guard/query-parameters.ts"
import type { HttpContext } from "../server/http-env.ts"
import { answerJson } from "../server/large-answer.ts"
import { answerOf } from "../turns/waiting-answer.ts"

type Handler = (context: HttpContext) => Promise<Response>

export interface CompletionHandlers {
  /** Oldest first unless asked otherwise; of one `model`, and with `metadata[key]=value`. */
  readonly list: Handler
  readonly retrieve: Handler
  /** Replaces the metadata. */
  readonly update: Handler
  readonly remove: Handler
  /** What it was asked with; the answer is the completion's own. */
  readonly messages: Handler
}

/** Chat completions that were made with `store: true`. */
export function createCompletionHandlers({
  engine,
  config,
}: {
  readonly engine: Engine
  readonly config: Config
}): CompletionHandlers {
  const { completions } = engine
  return {
    async list(context) {
      const model = context.req.query("model") ?? null
      const filter = {
        agentId: model === null ? null : (engine.findAgent(model)?.id ?? model),
        metadata: metadataQuery(context),
      }
      const page = await completions.list(context.get("principal"), filter, pageOf(context, "asc"))
      return answerJson(context, toList(page.entries.map(toChatCompletion), page.hasMore))
    },
    async retrieve(context) {
      return answerJson(context, toChatCompletion(await completions.retrieve(...target(context))))
    },
    async update(context) {
      const body = await readLooseBody(context, config, looseMetadata)
      const updated = await completions.update(...target(context), parseMetadataUpdate(body))
      return answerJson(context, toChatCompletion(updated), unknownIn(body, ["metadata"]))
    },
    async remove(context) {
      const [principal, id] = target(context)
      return answerOf(context, { config }, async () => {
        await engine.remove(principal, "chat", id)
        return { id, object: "chat.completion.deleted", deleted: true }
      })
    },
    async messages(context) {
      const [principal, id] = target(context)
      const instructions = await completions.instructionsOf(principal, id)
      const items = await engine.inputItems(principal, "chat", id)
      return answerJson(
        context,
        pageOfMessages(toStoredMessages(id, instructions, items), pageOf(context, "asc")),
      )
    },
  }
}

function pageOfMessages(messages: readonly WireObject[], { order, after, limit }: PageRequest): WireObject {
  const ordered = order === "asc" ? messages : messages.toReversed()
  const start = after === null ? 0 : ordered.findIndex(({ id }) => id === after) + 1
  if (after !== null && start === 0) throw invalidRequest("after", "'after' names no message of this list.")
  return toList(ordered.slice(start, start + limit), start + limit < ordered.length)
}

/** `metadata[key]=value`, as the official clients write an object in a query. */
function metadataQuery(context: HttpContext): Metadata {
  const wanted: Record<string, string> = {}
  for (const [name, value] of new URL(context.req.url).searchParams) {
    const key = /^metadata\[(.*)\]$/s.exec(name)?.[1]
    if (key !== undefined) wanted[key] = value
  }
  return wanted
}

function target(context: HttpContext): [principal: string, id: string] {
  return [context.get("principal"), context.req.param("id") ?? ""]
}
