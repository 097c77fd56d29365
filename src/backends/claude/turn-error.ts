import type { TurnError } from "../../domain/turn-events.ts"
import type { ResultEvent } from "./protocol.ts"

const loginStep =
  "Run `claude auth login` as the user of this service, or check the key of its model provider."

/** Why claude says that a turn failed. `subtype` is `success` also when the model server refused. */
export function turnErrorOf(result: ResultEvent): TurnError {
  const said = [result.result, ...(result.errors ?? [])].find((text) => text != null && text.trim() !== "")
  const message = said ?? `claude ended the turn as failed (${result.subtype})`
  if (/No conversation found|No message found with message\.uuid/.test(message)) {
    return { code: "thread_lost", message, modelStatus: null }
  }
  if (isNotLoggedIn(result))
    return { code: "agent_not_ready", message: `${message}. ${loginStep}`, modelStatus: null }
  if (result.subtype === "error_max_structured_output_retries") {
    return { code: "answer_format_mismatch", message, modelStatus: null }
  }
  const modelStatus = result.api_error_status ?? statusIn(message)
  if (modelStatus === null && !/^(?:API Error|Request timed out|Connection error)/.test(message)) {
    return { code: "backend_error", message, modelStatus }
  }
  return {
    code: "model_error",
    message: modelStatus === 401 || modelStatus === 403 ? `${message}. ${loginStep}` : message,
    modelStatus,
  }
}

/** Claude has no log-in at all, or not any more: it does not even ask the model. */
export function isNotLoggedIn({ result }: ResultEvent): boolean {
  return result != null && /Not logged in|Please run \/login|Invalid API key/.test(result)
}

function statusIn(message: string): number | null {
  const status = Number(/\bAPI Error: (\d{3})\b/.exec(message)?.[1])
  return status >= 400 && status < 600 ? status : null
}
