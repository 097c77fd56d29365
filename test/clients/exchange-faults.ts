import { chatStreamFaults } from "./chat-stream-validity.ts"
import { type AnswerKind, conformanceDocuments as documents } from "./conformance-documents.ts"
import type { Exchange } from "./recording-fetch.ts"
import { responsesStreamFaults } from "./wire-validity.ts"

/** What is wrong with an answer of the service, whoever asked. */
export function exchangeFaults(exchange: Exchange): string[] {
  const { method, url, status, headers, body } = exchange
  const faults = headers.has("x-request-id") ? [] : ["no x-request-id"]
  // The client left before the end.
  if (body === null) return faults
  if (status >= 400) faults.push(...errorFaults(body))
  else if (headers.get("content-type")?.startsWith("text/event-stream"))
    faults.push(...streamFaults(exchange, body))
  else {
    const kind = answerKind(exchange)
    if (kind !== null) faults.push(...(documents?.answerFaults(kind, JSON.parse(body)) ?? []))
  }
  return faults.map((fault) => `${method} ${url.pathname} ${status}: ${fault}`)
}

function errorFaults(body: string): string[] {
  const answer = JSON.parse(body)
  const keys = Object.keys(answer.error ?? {}).sort()
  if (keys.join() !== "code,message,param,type") return [`an error with the keys ${keys.join()}`]
  return documents?.answerFaults("error", answer) ?? []
}

function streamFaults({ url, request }: Exchange, body: string): string[] {
  const isChat = url.pathname.endsWith("/chat/completions")
  const after = url.searchParams.get("starting_after")
  const faults = isChat
    ? chatStreamFaults(body, request.stream_options?.include_usage === true)
    : responsesStreamFaults(body, after === null ? 0 : Number(after) + 1)
  return [...faults, ...(documents?.streamFaults(isChat ? "chat" : "response", body) ?? [])]
}

/** Method and path of what a client gets with status 200, and what it is. The first that fits counts. */
const answers: readonly (readonly [RegExp, AnswerKind])[] = [
  [/^GET models$/, "models"],
  [/^GET models\/[^/]+$/, "model"],
  [/^POST responses\/input_tokens$/, "token_count"],
  [/^POST responses\/compact$/, "compaction"],
  [/^GET responses\/[^/]+\/input_items$/, "response_items"],
  [/^(POST responses|GET responses\/[^/]+|POST responses\/[^/]+\/cancel)$/, "response"],
  [/^(POST conversations|(GET|POST) conversations\/[^/]+)$/, "conversation"],
  [/^DELETE conversations\/[^/]+$/, "conversation_deleted"],
  [/^(GET|POST) conversations\/[^/]+\/items$/, "conversation_items"],
  [/^GET conversations\/[^/]+\/items\/[^/]+$/, "conversation_item"],
  [/^DELETE conversations\/[^/]+\/items\/[^/]+$/, "conversation"],
  [/^(POST chat\/completions|(GET|POST) chat\/completions\/[^/]+)$/, "chat"],
]

/** Null: the documents at hand do not describe it. */
function answerKind({ method, url }: Exchange): AnswerKind | null {
  const called = `${method} ${url.pathname.replace(/^\/v1\//, "")}`
  return answers.find(([pattern]) => pattern.test(called))?.[1] ?? null
}
