import { newId } from "../domain/ids.ts"
import type { ResponseRecord } from "../domain/responses.ts"
import type { TurnRequest } from "../domain/turn-request.ts"

/** The response of a request, as it is before anything has happened. */
export function newRecord(
  principal: string,
  agentId: string,
  request: Pick<TurnRequest, "kind" | "previousResponseId" | "isStored" | "isBackground" | "echo">,
  { createdAt, status }: Pick<ResponseRecord, "createdAt" | "status">,
): ResponseRecord {
  return {
    id: newId(request.kind === "chat" ? "chatcmpl-" : "resp_"),
    kind: request.kind,
    principal,
    agentId,
    previousResponseId: request.previousResponseId,
    isStored: request.isStored,
    isBackground: request.isBackground,
    echo: request.echo,
    createdAt,
    status,
    completedAt: null,
    error: null,
    usage: null,
    output: [],
  }
}
