import type { Config } from "../../config/config.ts"
import type { ConversationItem } from "../../domain/conversations.ts"
import type { Engine } from "../../engine/engine.ts"
import { toList, type WireObject } from "../../protocol/common/answer-parts.ts"
import { looseConversation, looseMetadata } from "../../protocol/common/loose-forms.ts"
import { unknownFields } from "../../protocol/common/parameters.ts"
import { isObject } from "../../protocol/common/shape.ts"
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
import type { HttpContext } from "../server/http-env.ts"
import { answerJson } from "../server/large-answer.ts"

type Handler = (context: HttpContext) => Promise<Response>

export interface ConversationHandlers {
  readonly create: Handler
  readonly retrieve: Handler
  /** Replaces the metadata. */
  readonly update: Handler
  readonly remove: Handler
  readonly addItems: Handler
  /** Newest first unless asked otherwise. */
  readonly listItems: Handler
  readonly retrieveItem: Handler
  /** Answers with the conversation. */
  readonly removeItem: Handler
}

/** `/v1/conversations` and everything below it. */
export function createConversationHandlers({
  engine,
  config,
}: {
  readonly engine: Engine
  readonly config: Config
}): ConversationHandlers {
  const { conversations } = engine
  return {
    async create(context) {
      const body = await readLooseBody(context, config, looseConversation)
      const { metadata, items } = parseNewConversation(body)
      const created = await conversations.create(context.get("principal"), metadata, items)
      return answerJson(context, toConversation(created), advisoryOf(body, ["metadata", "items"]))
    },
    async retrieve(context) {
      return answerJson(context, toConversation(await conversations.retrieve(...target(context))))
    },
    async update(context) {
      const body = await readLooseBody(context, config, looseMetadata)
      const updated = await conversations.update(...target(context), parseMetadataUpdate(body))
      return answerJson(context, toConversation(updated), unknownIn(body, ["metadata"]))
    },
    async remove(context) {
      const [principal, id] = target(context)
      await conversations.remove(principal, id)
      return context.json({ id, object: "conversation.deleted", deleted: true })
    },
    async addItems(context) {
      listQuery(context, "include", includable)
      const body = await readLooseBody(context, config, looseConversation)
      const items = await conversations.addItems(...target(context), parseNewItems(body))
      const data = items.map((item) => toWire({ item, agentId: null }))
      return answerJson(context, toList(data, false), advisoryOf(body, ["items"]))
    },
    async listItems(context) {
      listQuery(context, "include", includable)
      const page = await conversations.listItems(...target(context), pageOf(context, "desc"))
      return answerJson(context, toList(page.entries.map(toWire), page.hasMore))
    },
    async retrieveItem(context) {
      listQuery(context, "include", includable)
      return answerJson(
        context,
        toWire(await conversations.retrieveItem(...target(context), itemIdOf(context))),
      )
    },
    async removeItem(context) {
      return answerJson(
        context,
        toConversation(await conversations.removeItem(...target(context), itemIdOf(context))),
      )
    },
  }

  /** What a client put in goes by the name of the manager's CLI, as where it came from is not known. */
  function toWire({ item, agentId }: ConversationItem): WireObject {
    const agent = agentId === null ? engine.agents()[0] : engine.findAgent(agentId)
    return toWireItem(item, agent?.backend ?? agentId ?? "agent")
  }
}

/** What of a body that adds items is without effect, or not told to the agent. */
function advisoryOf(body: unknown, known: readonly string[]): Record<string, string> {
  const items = isObject(body) ? body.items : null
  return advisoryHeader([...unknownFields(body, known), ...leftOutOf(items, "items")])
}

function target(context: HttpContext): [principal: string, id: string] {
  return [context.get("principal"), context.req.param("id") ?? ""]
}

function itemIdOf(context: HttpContext): string {
  return context.req.param("itemId") ?? ""
}
