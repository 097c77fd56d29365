import { randomUUID } from "node:crypto"
import { setImmediate, setTimeout } from "node:timers/promises"
import { messageOf } from "../../domain/errors.ts"
import type { ContentPart, FunctionCallItem } from "../../domain/items.ts"
import type { Usage } from "../../domain/usage.ts"
import { CliTurn } from "../kit/turn/cli-turn.ts"
import { callItem } from "../kit/turn/open-calls.ts"
import { messageItem, reasoningItem } from "../kit/turn/texts.ts"
import { addLine, commandItem, type DemoOptions, runDemoCommand } from "./acts.ts"
import { type DemoStep, replyToOutput, spoken } from "./reply.ts"

/** A turn without a model: does one step after the other, as they were decided. */
export class DemoTurn extends CliTurn {
  readonly ref = `demo_turn_${randomUUID()}`
  readonly #abort = new AbortController()
  readonly #inputTokens: number
  #outputTokens = 0
  #reasoningTokens = 0
  #openCall: {
    readonly item: FunctionCallItem
    readonly resolve: (output: readonly ContentPart[]) => void
  } | null = null

  constructor(inputCharacters: number) {
    super()
    this.#inputTokens = tokensOf(inputCharacters)
  }

  /** Runs to the last event. Never rejects. */
  async run(steps: readonly DemoStep[], options: DemoOptions): Promise<void> {
    this.tellStarted(this.ref)
    try {
      for (const step of steps) await this.#do(step, options)
      this.complete(this.usage)
    } catch (error) {
      if (this.#abort.signal.aborted) this.endStopped()
      else this.fail({ code: "internal_error", message: messageOf(error), modelStatus: null })
    }
  }

  async answer(callId: string, output: readonly ContentPart[]): Promise<void> {
    const open = this.#openCall
    if (open === null || open.item.callId !== callId) throw this.noSuchCall(callId)
    this.#openCall = null
    open.resolve(output)
  }

  async interrupt(): Promise<void> {
    this.stopFor("interrupted")
    this.#abort.abort()
  }

  get usage(): Usage {
    return {
      inputTokens: this.#inputTokens,
      cachedInputTokens: 0,
      outputTokens: this.#outputTokens,
      reasoningTokens: this.#reasoningTokens,
    }
  }

  async #do(step: DemoStep, options: DemoOptions): Promise<void> {
    switch (step.type) {
      case "think":
        return this.#think(step.text)
      case "run": {
        const item = commandItem(step, options)
        this.push({ type: "item.started", item })
        const done = await runDemoCommand(item, step, this.#abort.signal)
        this.push({ type: "item.completed", item: done })
        const output = done.output.trim()
        return this.#speak(spoken(`${step.intro}${output === "" ? " nothing." : `:\n${output}`}`))
      }
      case "edit": {
        const item = await addLine(step.line, options)
        this.push({ type: "item.completed", item })
        return this.#speak(spoken(`I have added the line to ${item.changes[0]?.path}.`))
      }
      case "call": {
        const answer = replyToOutput(step.name, await this.#call(step))
        return this.#do(answer, options)
      }
      case "text":
        return this.#speak(step)
      default:
        return step satisfies never
    }
  }

  async #think(text: string): Promise<void> {
    const item = reasoningItem(`demo_${randomUUID()}`, null, "in_progress")
    this.push({ type: "item.started", item })
    await setImmediate(null, { signal: this.#abort.signal })
    this.#outputTokens += tokensOf(text.length)
    this.#reasoningTokens += tokensOf(text.length)
    this.push({ type: "item.delta", itemId: item.id, channel: "summary", index: 0, text })
    this.push({ type: "item.completed", item: reasoningItem(item.id, text, "completed") })
  }

  async #call(reply: Extract<DemoStep, { type: "call" }>): Promise<readonly ContentPart[]> {
    const callId = `call_${randomUUID().replaceAll("-", "")}`
    const item = callItem(callId, reply.name, reply.arguments)
    this.#outputTokens += tokensOf(reply.arguments.length)
    const output = new Promise<readonly ContentPart[]>((resolve, reject) => {
      this.#openCall = { item, resolve }
      this.#abort.signal.addEventListener("abort", () => reject(this.#abort.signal.reason), { once: true })
    })
    this.#abort.signal.throwIfAborted()
    this.push({ type: "function.called", item, holdMs: null })
    return output
  }

  async #speak(reply: Extract<DemoStep, { type: "text" }>): Promise<void> {
    const { signal } = this.#abort
    const message = messageItem(`demo_${randomUUID()}`, null, "in_progress")
    this.push({ type: "item.started", item: message })
    for (const text of reply.pieces) {
      await (reply.pauseMs > 0 ? setTimeout(reply.pauseMs, null, { signal }) : setImmediate(null, { signal }))
      this.#outputTokens += tokensOf(text.length)
      this.push({ type: "item.delta", itemId: message.id, channel: "text", index: 0, text })
    }
    this.push({ type: "item.completed", item: messageItem(message.id, reply.text, "completed") })
  }
}

/** A guess good enough for a counter: four characters a token. */
function tokensOf(characters: number): number {
  return Math.ceil(characters / 4)
}
