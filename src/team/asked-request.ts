import * as z from "zod"
import type { CallingTurn } from "../domain/service-tools.ts"
import { anyFunction, type ClientRequest } from "../domain/turn-request.ts"

/** In `echo`, and so in the response of the asked agent: who asked, and in which response. */
const origin = z.object({ metadata: z.object({ asked_by: z.string(), asked_in: z.string() }) })

/** What one agent asks of another one, as a request like a client's. */
export function askedRequest(
  turn: CallingTurn,
  agentId: string,
  message: string,
  isBackground: boolean,
): ClientRequest {
  const { agent, conversation, keepsThread } = turn
  return {
    kind: "response",
    model: agentId,
    // The same in all turns of the thread: it belongs to the thread's key.
    instructions: `In this thread the agent \`${agent.id}\` asks you. It reads your last message, and nothing else of what you do.`,
    input: [
      {
        type: "message",
        id: "asked",
        role: "user",
        content: [{ type: "text", text: message }],
        phase: null,
        status: "completed",
      },
    ],
    tools: [],
    functionChoice: anyFunction,
    allowsParallelCalls: true,
    previousResponseId: null,
    conversationId: null,
    // No client can send a line feed in a header, so that none can name this thread.
    sessionKey: keepsThread ? `team\n${agent.identity}\n${conversation}` : null,
    resendsHistory: false,
    effort: null,
    outputSchema: null,
    answerLimits: { stopTexts: [], maxTokens: null },
    sideRequest: null,
    askedBy: [...turn.askedBy, agent.id],
    keepsThread,
    isStored: keepsThread,
    isBackground,
    echo: { metadata: { asked_by: agent.id, asked_in: turn.responseId } },
  }
}

/** The agent that asked for this response, and the response in which it did; null: a client asked. */
export function askerOf(
  echo: Readonly<Record<string, unknown>>,
): { readonly agentId: string; readonly id: string } | null {
  const parsed = origin.safeParse(echo)
  if (!parsed.success) return null
  const { asked_by: agentId, asked_in: id } = parsed.data.metadata
  return { agentId, id }
}
