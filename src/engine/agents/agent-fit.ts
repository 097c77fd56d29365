import type { Capabilities } from "../../domain/agents.ts"
import { ProxyError } from "../../domain/errors.ts"
import { type ClientItem, partsOf } from "../../domain/input-reference.ts"
import type { ClientRequest } from "../../domain/turn-request.ts"
import { type Agent, effortFor } from "./agent.ts"

/**
 * A request as this agent can run it, decided from what its CLI really has, before anything is
 * fetched, planned or stored. What the agent cannot do is refused with `invalid_request` that names
 * the field; what is only a wish (the effort) is left out, which its client is told. An agent of
 * which nothing is known is asked for everything.
 */
export function fitToAgent(
  request: ClientRequest,
  { capabilities, profile }: Pick<Agent, "capabilities" | "profile">,
): ClientRequest {
  if (capabilities === null) return request
  const refuse = (param: string, what: string) =>
    new ProxyError(
      "invalid_request",
      `'${param}' cannot be served: the CLI of agent '${profile.id}' (${programOf(capabilities)}) ${what}.`,
      { param },
    )
  // With `tool_choice: "none"` nothing is to be called.
  const callsFunctions = request.tools.length > 0 && request.functionChoice.allowed?.length !== 0
  if (callsFunctions && !capabilities.hasFunctions) throw refuse("tools", "calls no functions of clients")
  const image = capabilities.acceptsImages ? null : newImageOf(request)
  if (image !== null) throw refuse(image, "takes no images")
  return {
    ...request,
    ...(!capabilities.hasFunctions && { tools: [] }),
    effort: effortFor(request.effort, capabilities),
  }
}

/**
 * The field of the first image of the request's new part. Those of the history were refused, or
 * seen by another agent.
 */
function newImageOf({ input, inputPaths }: ClientRequest): string | null {
  const newFrom = input.findLastIndex(isSaidByAgent) + 1
  for (const [index, item] of input.entries()) {
    if (index < newFrom) continue
    const part = partsOf(item).findIndex(isImage)
    if (part === -1) continue
    const field = item.type === "function_call_output" ? "output" : "content"
    return `${inputPaths?.[index] ?? `input[${index}]`}.${field}[${part}]`
  }
  return null
}

function isSaidByAgent(item: ClientItem): boolean {
  return item.type === "message" ? item.role === "assistant" : item.type !== "function_call_output"
}

function isImage(part: ReturnType<typeof partsOf>[number]): boolean {
  return part.type === "image" || (part.type === "reference" && part.as === "image")
}

function programOf({ program, version }: Capabilities): string {
  return version === null || program.includes(version) ? program : `${program} ${version}`
}
