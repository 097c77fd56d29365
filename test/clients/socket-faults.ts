import { conformanceDocuments as documents } from "./conformance-documents.ts"
import { socketResponseFaults, type Wire } from "./wire-validity.ts"

/** What is wrong with all that came on one WebSocket at `/v1/responses`, by our rules and by the documents. */
export function socketFaults(messages: readonly Wire[]): string[] {
  const events = messages.filter(({ type }) => type !== "error" && type !== "response.steer.failed")
  return [...socketWireFaults(messages), ...events.flatMap((event) => documents?.eventFaults(event) ?? [])]
}

/**
 * In order: one response after the other, and errors that belong to none. The last response may have been left by its
 * reader.
 */
export function socketWireFaults(messages: readonly Wire[]): string[] {
  const faults: string[] = []
  const responses: Wire[][] = []
  for (const message of messages) {
    if (message.type === "error") {
      faults.push(...refusalFaults(message))
      continue
    }
    if (message.type === "response.steer.failed") continue
    if (message.type === "response.created") responses.push([])
    const response = responses.at(-1)
    if (response === undefined) faults.push(`${message.type} comes before any response.created`)
    else response.push(message)
  }
  return [
    ...faults,
    ...responses.flatMap((events, index) => socketResponseFaults(events, index === responses.length - 1)),
  ]
}

function refusalFaults({ status, code, message, param, error }: Wire): string[] {
  const isWhole = Number.isInteger(status) && status >= 400 && typeof message === "string" && message !== ""
  const isNested =
    error?.code === code &&
    error?.message === message &&
    error?.param === param &&
    Object.hasOwn(error, "type")
  return isWhole && isNested ? [] : [`a refusal that says ${JSON.stringify({ status, code, param, error })}`]
}
