import type { ConversationItem } from "../../domain/conversations.ts"
import { toList } from "../../protocol/common/answer-parts.ts"
import { looseConversation, looseMetadata } from "../../protocol/common/loose-forms.ts"
import { unknownFields } from "../../protocol/common/parameters.ts"
import { isObject, type WireObject } from "../../protocol/common/shape.ts"
import {
  parseMetadataUpdate,
  parseNewConversation,
  parseNewItems,
  toConversation,
} from "../../protocol/responses/conversations.ts"
import { leftOutOf } from "../../protocol/responses/input-items.ts"
import { includable } from "../../protocol/responses/parameters.ts"
import { toWireItem } from "../../protocol/responses/wire-items.ts"
import { readLooseBody } from "../guard/json-body.ts"
import { advisoryHeader, listQuery, pageOf, unknownIn } from "../guard/query-parameters.ts"
import { type HttpContext, type Routes, targetOf } from "../server/http-env.ts"
import { answerJson } from "../server/large-answer.ts"
import type { RouteParts } from "../server/route-parts.ts"
import { deletion } from "../turns/waiting-answer.ts"

/** `/v1/conversations` and everything below it. */
export function conversationRoutes(parts: Pick<RouteParts, "engine" | "config">): Routes {
  const { engine, config } = parts
  const { conversations } = engine
  return {
    "/v1/conversations": {
      POST: async (context) => {
        const body = await readLooseBody(context, config, looseConversation)
        const { metadata, items } = parseNewConversation(body)
        const created = await conversations.create(context.get("principal"), metadata, items)
        return answerJson(context, toConversation(created), advisoryOf(body, ["metadata", "items"]))
      },
    },
    ...itemRoutes(parts),
    "/v1/conversations/:id": {
      GET: async (context) =>
        answerJson(context, toConversation(await conversations.retrieve(...targetOf(context)))),
      /** Replaces the metadata. */
      POST: async (context) => {
        const body = await readLooseBody(context, config, looseMetadata)
        const updated = await conversations.update(...targetOf(context), parseMetadataUpdate(body))
        return answerJson(context, toConversation(updated), unknownIn(body, ["metadata"]))
      },
      DELETE: deletion(config, "conversation.deleted", (principal, id) =>
        conversations.remove(principal, id),
      ),
    },
  }
}

function itemRoutes({ engine, config }: Pick<RouteParts, "engine" | "config">): Routes {
  const { conversations } = engine
  /** What a client put in goes by the manager's CLI: where it came from is not known. */
  const toWire = ({ item, agentId }: ConversationItem): WireObject => {
    const agent = agentId === null ? engine.agents()[0] : engine.findAgent(agentId)
    return toWireItem(item, agent?.backend ?? agentId ?? "agent")
  }
  return {
    "/v1/conversations/:id/items": {
      /** Newest first unless asked otherwise. */
      GET: async (context) => {
        listQuery(context, "include", includable)
        const page = await conversations.listItems(...targetOf(context), pageOf(context, "desc"))
        return answerJson(context, toList(page.entries.map(toWire), page.hasMore))
      },
      POST: async (context) => {
        listQuery(context, "include", includable)
        const body = await readLooseBody(context, config, looseConversation)
        const items = await conversations.addItems(...targetOf(context), parseNewItems(body))
        const data = items.map((item) => toWire({ item, agentId: null }))
        return answerJson(context, toList(data, false), advisoryOf(body, ["items"]))
      },
    },
    "/v1/conversations/:id/items/:itemId": {
      GET: async (context) => {
        listQuery(context, "include", includable)
        const found = await conversations.retrieveItem(...targetOf(context), itemIdOf(context))
        return answerJson(context, toWire(found))
      },
      /** Answers with the conversation. */
      DELETE: async (context) => {
        const left = await conversations.removeItem(...targetOf(context), itemIdOf(context))
        return answerJson(context, toConversation(left))
      },
    },
  }
}

/** What of a body that adds items is without effect, or not told to the agent. */
function advisoryOf(body: unknown, known: readonly string[]): Record<string, string> {
  const items = isObject(body) ? body.items : null
  return advisoryHeader([...unknownFields(body, known), ...leftOutOf(items, "items")])
}

function itemIdOf(context: HttpContext): string {
  return context.req.param("itemId") ?? ""
}
