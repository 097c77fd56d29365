import { failureOf, toBegunErrorBody } from "../common/errors.ts"
import { looseChat } from "../common/loose-forms.ts"
import type { WireApi } from "../common/wire-api.ts"
import { ChatProjection } from "./chunks.ts"
import { toChatCompletion } from "./completion.ts"
import { chatRoute } from "./described.ts"
import { chatParameters } from "./parameters.ts"
import { parseChatRequest } from "./request.ts"

/** `POST /v1/chat/completions` */
export const chatApi: WireApi = {
  described: chatRoute,
  parameters: chatParameters,
  loosen: looseChat,
  parse: parseChatRequest,
  fieldNames: {
    input: "messages",
    "reasoning.effort": "reasoning_effort",
    outputSchema: "response_format",
  },
  createEncoder: (live, request) => new ChatProjection(live, request),
  toAnswer: toChatCompletion,
  toFailedAnswer: (record) => toBegunErrorBody(failureOf(record)),
}
