import type { Metadata } from "../../domain/conversations.ts"
import type { PageRequest } from "../../domain/pages.ts"
import { toChatCompletion, toStoredMessages } from "../../protocol/chat/completion.ts"
import { toList } from "../../protocol/common/answer-parts.ts"
import { looseMetadata } from "../../protocol/common/loose-forms.ts"
import { invalidRequest, type WireObject } from "../../protocol/common/shape.ts"
import { parseMetadataUpdate } from "../../protocol/responses/conversations.ts"
import { readLooseBody } from "../guard/json-body.ts"
import { pageOf, unknownIn } from "../guard/query-parameters.ts"
import { type HttpContext, type Routes, targetOf } from "../server/http-env.ts"
import { answerJson } from "../server/large-answer.ts"
import type { RouteParts } from "../server/route-parts.ts"
import { deletion } from "../turns/waiting-answer.ts"

/** Chat completions that were made with `store: true`. */
export function completionRoutes({ engine, config }: Pick<RouteParts, "engine" | "config">): Routes {
  const { completions } = engine
  return {
    "/v1/chat/completions": {
      /** Oldest first unless asked otherwise; of one `model`, and with `metadata[key]=value`. */
      GET: async (context) => {
        const model = context.req.query("model") ?? null
        const filter = {
          agentId: model === null ? null : (engine.findAgent(model)?.id ?? model),
          metadata: metadataQuery(context),
        }
        const page = await completions.list(context.get("principal"), filter, pageOf(context, "asc"))
        return answerJson(context, toList(page.entries.map(toChatCompletion), page.hasMore))
      },
    },
    "/v1/chat/completions/:id/messages": {
      /** What it was asked with; the answer is the completion's own. */
      GET: async (context) => {
        const [principal, id] = targetOf(context)
        const instructions = await completions.instructionsOf(principal, id)
        const items = await engine.inputItems(principal, "chat", id)
        const messages = toStoredMessages(id, instructions, items)
        return answerJson(context, pageOfMessages(messages, pageOf(context, "asc")))
      },
    },
    "/v1/chat/completions/:id": {
      GET: async (context) =>
        answerJson(context, toChatCompletion(await completions.retrieve(...targetOf(context)))),
      /** Replaces the metadata. */
      POST: async (context) => {
        const body = await readLooseBody(context, config, looseMetadata)
        const updated = await completions.update(...targetOf(context), parseMetadataUpdate(body))
        return answerJson(context, toChatCompletion(updated), unknownIn(body, ["metadata"]))
      },
      DELETE: deletion(config, "chat.completion.deleted", (principal, id) =>
        engine.remove(principal, "chat", id),
      ),
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
