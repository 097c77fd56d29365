import { createHash } from "node:crypto"
import type { HistoryTurn } from "../../domain/backend.ts"
import { type Item, textOf } from "../../domain/items.ts"
import type { FunctionNames } from "../kit/functions/function-names.ts"
import { type InjectedItem, injectedItem } from "./injected-items.ts"

export const codexKind = "codex"

/**
 * What is kept of the raw items of a turn. Messages of other roles are codex's own context
 * (instructions, environment, abort notes), which a new thread writes again, or the user's words,
 * which `HistoryTurn.input` has. Compactions are left out: the ledger still has what they
 * summarise.
 */
const keptTypes = new Set([
  "reasoning",
  "function_call",
  "function_call_output",
  "custom_tool_call",
  "custom_tool_call_output",
  "local_shell_call",
  "local_shell_call_output",
  "tool_search_call",
  "tool_search_output",
  "web_search_call",
])

/** The raw item without codex's bookkeeping, or null when a new thread does not need it. */
export function keptNativeItem(item: unknown): InjectedItem | null {
  if (typeof item !== "object" || item === null) return null
  const { internal_chat_message_metadata_passthrough: _, ...kept } = item as InjectedItem // an object, see above
  if (typeof kept.type !== "string") return null
  if (kept.type === "message") return kept.role === "assistant" ? kept : null
  return keptTypes.has(kept.type) ? kept : null
}

/**
 * The items that give a new thread the memory of `history`. Native items are preferred: with them
 * the model sees its reasoning, commands and outputs as they were. Where there are none, our items
 * become messages and plain function calls.
 *
 * Calls of the client's functions need care: they and their outputs are in our items and in the
 * native ones, and must be told once, with the client's own output. See `CallIndex`.
 */
export function historyItems(history: readonly HistoryTurn[], names: FunctionNames): InjectedItem[] {
  const turns = history.map((turn) => ({
    input: turn.input,
    output: turn.output,
    native: turn.native?.kind === codexKind ? nativeItems(turn.native.items, turn.output) : null,
  }))
  const calls = new CallIndex(turns)
  return turns.flatMap(({ input, output, native }) => {
    const told = native?.filter((item) => !calls.isReplaced(item)) ?? []
    const isToldNatively = native !== null && native.length > 0
    const ours = output.filter((item) =>
      item.type === "function_call" && native !== null ? calls.isOursToTell(item.callId) : !isToldNatively,
    )
    const heard = input.filter(
      (item) => item.type !== "function_call_output" || !calls.isOutputTold(item.callId),
    )
    return [
      ...heard.flatMap((item) => injectedItem(item, names)),
      ...told,
      ...ours.flatMap((item) => injectedItem(item, names)),
    ]
  })
}

interface SeededTurn {
  readonly input: readonly Item[]
  readonly output: readonly Item[]
  /** Null: the turn was not codex's. */
  readonly native: readonly InjectedItem[] | null
}

/**
 * Which copy of a call of the client's functions, and of its output, is told.
 *
 * The client's output comes as the input of the turn after the call. If codex waited for it, codex
 * has it in a native item of that turn, or a later one. If codex was interrupted while the client
 * worked, it has written an abort note as the output, in an earlier turn than the client's output:
 * then that note is replaced.
 *
 * In code mode the native call is the script (`exec`) around the calls, which have ids that no
 * native item knows. The output of a script that ended has their results. A script that never ended
 * is left out, and its calls stand for themselves as plain function calls, which the model takes in
 * all modes.
 */
class CallIndex {
  readonly #nativeCalls = new Set<string>()
  /** Number of the turn that has the native output. */
  readonly #nativeOutputs = new Map<string, number>()
  /** Number of the turn that has the client's output in its input. */
  readonly #clientOutputs = new Map<string, number>()
  /** Script of each call that was made by one. */
  readonly #scripts = new Map<string, string>()
  readonly #abortedScripts = new Set<string>()

  constructor(turns: readonly SeededTurn[]) {
    turns.forEach(({ input, native }, index) => {
      for (const item of input) {
        if (item.type === "function_call_output") this.#clientOutputs.set(item.callId, index)
      }
      for (const item of native ?? []) {
        if (typeof item.call_id !== "string") continue
        if (isOutput(item)) this.#nativeOutputs.set(item.call_id, index)
        else this.#nativeCalls.add(item.call_id)
      }
    })
    let script: string | null = null
    for (const { output, native } of turns) {
      if (native === null) continue
      script = native.map(scriptId).findLast((id) => id !== null) ?? script
      for (const item of output) {
        if (item.type !== "function_call" || this.#nativeCalls.has(item.callId) || script === null) continue
        this.#scripts.set(item.callId, script)
        if (this.#isAnsweredLater(item.callId, script)) this.#abortedScripts.add(script)
      }
    }
  }

  /** True for what ours replace: the output of an aborted call, an aborted script. */
  isReplaced(item: InjectedItem): boolean {
    const id = item.call_id
    if (typeof id !== "string") return false
    return this.#abortedScripts.has(id) || (isOutput(item) && this.#isAnsweredLater(id, id))
  }

  /** True for a call that no native item tells. */
  isOursToTell(callId: string): boolean {
    if (this.#nativeCalls.has(callId)) return false
    const script = this.#scripts.get(callId)
    return script === undefined || this.#abortedScripts.has(script)
  }

  /** True when a native item that is told has the client's output. */
  isOutputTold(callId: string): boolean {
    const script = this.#scripts.get(callId)
    if (script !== undefined) return !this.#abortedScripts.has(script)
    return this.#nativeOutputs.has(callId) && !this.#isAnsweredLater(callId, callId)
  }

  /** The client's output came after codex had given up `nativeCall`, or never had any. */
  #isAnsweredLater(callId: string, nativeCall: string): boolean {
    const client = this.#clientOutputs.get(callId)
    if (client === undefined) return false
    const native = this.#nativeOutputs.get(nativeCall)
    return native === undefined || native < client
  }
}

function nativeItems(items: readonly unknown[], output: readonly Item[]): InjectedItem[] {
  return withShown(
    items.map(keptNativeItem).filter((item) => item !== null),
    output,
  )
}

function isOutput(item: InjectedItem): boolean {
  return typeof item.type === "string" && item.type.endsWith("_output")
}

function scriptId(item: InjectedItem): string | null {
  return item.type === "custom_tool_call" && item.name === "exec" && typeof item.call_id === "string"
    ? item.call_id
    : null
}

/** Shorter texts are not worth a reference. */
const minSharedChars = 1024

/**
 * The agent's messages of one turn that were told as items, so that the raw item of each, which
 * comes after it, need not be kept with the whole text again: it refers to the text by its hash.
 */
export class ShownTexts {
  readonly #texts = new Map<string, string>()

  told(item: Item): void {
    const text = messageText(item)
    if (text.length >= minSharedChars) this.#texts.set(item.id, text)
  }

  /** The raw item without the text, if exactly that was told under its id. */
  withoutShown(raw: InjectedItem): InjectedItem {
    const text = typeof raw.id === "string" ? this.#texts.get(raw.id) : undefined
    if (text === undefined || raw.type !== "message" || !Array.isArray(raw.content)) return raw
    const [part, ...others] = raw.content as readonly InjectedItem[] // parts of a message are objects
    if (part?.text !== text || others.length > 0) return raw
    return { ...raw, content: [{ ...part, text: null, text_sha256: hashOf(text) }] }
  }
}

/**
 * Puts back into the items of a turn what `withoutShown` left out, from what the client was shown
 * in it. Where that was another text than codex told at the end, it is the client's that the
 * conversation goes on from; where it was none, the item is left out.
 */
function withShown(items: readonly InjectedItem[], output: readonly Item[]): InjectedItem[] {
  const shown = output.map(messageText).filter((text) => text !== "")
  const byHash = new Map(
    shown.filter((text) => text.length >= minSharedChars).map((text) => [hashOf(text), text]),
  )
  const told = new Set(items.map((item) => toldHash(item) ?? partOf(item)?.text))
  const others = shown.filter((text) => !told.has(text) && !told.has(hashOf(text)))
  return items.flatMap((item) => {
    const hash = toldHash(item)
    if (hash === null) return [item]
    const text = byHash.get(hash) ?? others.shift()
    if (text === undefined) return []
    const { text_sha256: _, ...part } = partOf(item) ?? {}
    return [{ ...item, content: [{ ...part, text }] }]
  })
}

function toldHash(item: InjectedItem): string | null {
  const hash = partOf(item)?.text_sha256
  return typeof hash === "string" ? hash : null
}

function partOf(item: InjectedItem): InjectedItem | undefined {
  // Parts of a message are objects.
  return item.type === "message" && Array.isArray(item.content)
    ? (item.content as InjectedItem[])[0]
    : undefined
}

function messageText(item: Item): string {
  return item.type === "message" ? textOf(item.content) : ""
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64")
}
