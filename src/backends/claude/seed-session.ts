import { randomUUID } from "node:crypto"
import type { TurnInput } from "../../domain/backend.ts"
import type { SeedMessage } from "./history-messages.ts"
import { asData, inputBlocks } from "./input-blocks.ts"
import type { ClaudeProcess } from "./process.ts"

/**
 * What the model is asked: the new messages, or, where there are none, what the history ends with if that is not the
 * agent's. `before` is to be told without asking.
 */
export function queryOf(
  history: readonly SeedMessage[],
  { messages }: TurnInput,
): { readonly before: readonly SeedMessage[]; readonly content: SeedMessage["content"] } {
  const last = history.at(-1)
  if (messages.length === 0 && last?.role === "user") {
    return { before: history.slice(0, -1), content: last.content }
  }
  return { before: history, content: inputBlocks(messages) }
}

/**
 * Tells claude messages of a conversation that it has not been part of, by its own protocol: it keeps them in its session
 * as if they had been said there. Those of the user are queued, and their `result` tells that they are in; those of the
 * agent are taken at once.
 */
export async function seedSession(
  process: ClaudeProcess,
  messages: readonly SeedMessage[],
  nextResult: () => Promise<void>,
): Promise<void> {
  for (const { role, content } of messages) {
    if (role === "user") {
      const taken = nextResult()
      process.send({ ...userMessage(content, randomUUID()), shouldQuery: false })
      await taken
    } else process.send(assistantMessage(content))
  }
}

export function userMessage(
  content: SeedMessage["content"],
  uuid: string,
): Readonly<Record<string, unknown>> {
  return { type: "user", uuid, parent_tool_use_id: null, message: { role: "user", content: asData(content) } }
}

function assistantMessage(content: SeedMessage["content"]): Readonly<Record<string, unknown>> {
  const isCalling = content.some((block) => block.type === "tool_use")
  return {
    type: "assistant",
    uuid: randomUUID(),
    parent_tool_use_id: null,
    message: {
      id: `msg_${randomUUID()}`,
      type: "message",
      role: "assistant",
      model: "earlier",
      content,
      stop_reason: isCalling ? "tool_use" : "end_turn",
      usage: { input_tokens: 0, output_tokens: 0 },
    },
  }
}
