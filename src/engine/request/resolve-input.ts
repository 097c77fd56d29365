import { type ClientItem, hasReferences, type InputReference, partsOf } from "../../domain/input-reference.ts"
import type { ContentPart, Item } from "../../domain/items.ts"
import type { ClientRequest, TurnRequest } from "../../domain/turn-request.ts"
import type { Member } from "../agents/agent.ts"
import type { Plan } from "../plan/plan.ts"
import { splitInput } from "../plan/request-items.ts"
import { InputResolver, type InputSources, placeholderOf } from "./input-resolver.ts"

export interface ResolvedRequest {
  readonly request: TurnRequest
  /** To be called when the turn is over, or was not begun. Safe twice; never rejects. */
  release(): Promise<void>
}

export interface RequestTarget {
  readonly principal: string
  /** Absolute path of the workspace of the agent that is asked. */
  readonly workspace: string
  /** Reads only: what would be done with the request as it is. */
  readonly planOf: (draft: TurnRequest) => Promise<Pick<Plan, "clientHistory">>
}

/** How many references of a request are fetched or saved at a time. */
const parallel = 4

/**
 * Gives a request's references their content before the request goes on. A client that resends its
 * history refers again to what may be gone by now: as long as a thread holds that history, only
 * what is new is fetched and saved.
 */
export async function resolveRequest(
  request: ClientRequest,
  sources: InputSources,
  { principal, workspace, planOf }: RequestTarget,
): Promise<ResolvedRequest> {
  const draft: TurnRequest = {
    ...request,
    input: request.input.map((item) => withParts(item, placeholderOf)),
  }
  if (!hasReferences(request.input)) return { request: draft, release: async () => {} }
  const resolver = new InputResolver(sources, { principal, workspace, isKept: request.keepsThread })
  const release = () =>
    resolver.release().catch(() => {
      // What cannot be removed now is removed with its folder at the next start.
    })
  try {
    const newFrom = await firstUnknown(request, draft, planOf)
    const resolved = await resolveWith(request.input.slice(newFrom), resolver)
    return { request: { ...draft, input: [...draft.input.slice(0, newFrom), ...resolved] }, release }
  } catch (error) {
    await release()
    throw error
  }
}

/** They belong to no agent yet: files come to lie with the manager, where all can read. */
export async function resolveItems(
  items: readonly ClientItem[],
  sources: InputSources,
  { principal, members }: { readonly principal: string; readonly members: readonly Member[] },
): Promise<readonly Item[]> {
  const workspace = members[0]?.workspace ?? ""
  return resolveWith(items, new InputResolver(sources, { principal, workspace, isKept: true }))
}

/** Index of the first item whose references are needed. */
async function firstUnknown(
  request: ClientRequest,
  draft: TurnRequest,
  planOf: RequestTarget["planOf"],
): Promise<number> {
  const newFrom = splitInput(draft.input).history.length
  if (!hasReferences(request.input.slice(0, newFrom))) return newFrom
  // Files of turns that leave nothing are gone with them: all are brought back.
  if (!request.keepsThread) return 0
  const { clientHistory } = await planOf(draft)
  return newFrom - clientHistory.length
}

/** A few references at a time; the first fault in their order is the one that is told. */
async function resolveWith(items: readonly ClientItem[], resolver: InputResolver): Promise<readonly Item[]> {
  const references = items.flatMap(referencesOf)
  const parts = new Map<InputReference, ContentPart>()
  for (let start = 0; start < references.length; start += parallel) {
    const batch = references.slice(start, start + parallel)
    const settled = await Promise.allSettled(
      batch.map(async (reference) => parts.set(reference, await resolver.resolve(reference))),
    )
    const fault = settled.find((result) => result.status === "rejected")
    if (fault !== undefined) throw fault.reason
  }
  return items.map((item) => withParts(item, (reference) => parts.get(reference) ?? placeholderOf(reference)))
}

function referencesOf(item: ClientItem): InputReference[] {
  return partsOf(item).filter((part) => part.type === "reference")
}

function withParts(item: ClientItem, partOf: (reference: InputReference) => ContentPart): Item {
  const map = (parts: readonly (ContentPart | InputReference)[]) =>
    apart(parts.map((part) => (part.type === "reference" ? partOf(part) : part)))
  if (item.type === "message") return { ...item, content: map(item.content) }
  return item.type === "function_call_output" ? { ...item, output: map(item.output) } : item
}

/** Texts of a message are joined as they are: the line about a file must stand alone. */
function apart(parts: readonly ContentPart[]): readonly ContentPart[] {
  return parts.map((part, index) => {
    if (part.type !== "text" || part.origin === undefined) return part
    const before = parts[index - 1]?.type === "text" ? "\n" : ""
    const next = parts[index + 1]
    const after = next?.type === "text" && next.origin === undefined ? "\n" : ""
    return { ...part, text: `${before}${part.text}${after}` }
  })
}
