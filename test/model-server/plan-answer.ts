import type { Answer, AnswerPart, Ending } from "./answer.ts"
import { conversationOf, imagesOfMessage, isPersonsMessage, messageText } from "./request-readers.ts"
import type { Round, Script, Usage } from "./script.ts"
import { parseScript } from "./script.ts"
import { codexTools, isScriptedCall, type ToolCaller } from "./tool-calls.ts"
import type { JsonObject, ResponsesBody } from "./wire.ts"

const defaultUsage: Usage = { input: 1234, cached: 1000, output: 56, reasoning: 0 }

/** Counts the attempts at one step of one thread, from 1: the only thing that the request does not tell. */
export type AttemptCounter = (key: string) => number

type MessagePart = Extract<AnswerPart, { type: "message" }>

/**
 * Works out the answer from the request alone: the newest message of the person is the script, and the calls after it tell
 * which step it is at. So the server needs no memory of threads, and a thread that was forked, resumed or filled by hand
 * goes on at the right step.
 */
export function planAnswer(
  body: ResponsesBody,
  attemptOf: AttemptCounter,
  caller: ToolCaller = codexTools,
): Answer {
  const scriptIndex = body.input.findLastIndex(isPersonsMessage)
  const message = body.input[scriptIndex]
  const text = message === undefined ? "" : messageText(message)
  if (text.includes("CONTEXT CHECKPOINT COMPACTION"))
    return completed([say(`Summary of ${conversationOf({ body }).length} messages.`)])
  const script = parseScript(newestPart(text))
  const later = body.input.slice(scriptIndex + 1)
  const usage = script.usage ?? defaultUsage

  const open = caller.followUpCall(later, body)
  if (open !== null) return completed([{ type: "item", item: open }], usage)

  if (script.fix !== null && later.some(isRefusal)) return completed([say(script.fix)], usage)

  const roundIndex = currentRound(script, later)
  const round = script.rounds[roundIndex] ?? { steps: [], tools: [] }
  const attemptKey = JSON.stringify([body.prompt_cache_key, body.input.length, text, roundIndex])
  return answerRound(round, { body, message, script, roundIndex, caller, usage }, () => attemptOf(attemptKey))
}

/** A program without threads is told the past in the same message: what is told there has been done. */
function newestPart(text: string): string {
  return text.split("</conversation>").at(-1) ?? text
}

/** What the service says to an agent whose answer does not have the form that was asked for. */
function isRefusal(item: JsonObject): boolean {
  return item.role === "developer" && messageText(item).startsWith("Your answer cannot be used")
}

interface Place {
  readonly body: ResponsesBody
  readonly message: JsonObject | undefined
  readonly script: Script
  readonly roundIndex: number
  readonly caller: ToolCaller
  readonly usage: Usage
}

function answerRound(round: Round, place: Place, countAttempt: () => number): Answer {
  const { script, caller, usage } = place
  const phase = script.hasCommentary ? "final_answer" : null
  const parts: AnswerPart[] = []
  let attempt: number | null = null
  const isFailing = (times: number) => {
    attempt ??= countAttempt()
    return attempt <= times
  }
  const end = (ending: Ending): Answer => ({ type: "stream", parts, ending, usage })

  for (const step of round.steps) {
    switch (step.type) {
      case "status":
        if (isFailing(step.times))
          return { type: "error", status: step.status, message: `scripted error ${step.status}` }
        break
      case "refuse":
        return { type: "refusal", name: step.name }
      case "end":
        return end({ type: "stopped", reason: step.reason })
      case "hang":
        return { type: "hang" }
      case "silent":
        return end({ type: "silent" })
      case "failed":
        return end({ type: "failed", code: step.code })
      case "drop":
        if (isFailing(step.times)) return end({ type: "dropped" })
        break
      case "reason":
      case "think":
        parts.push({ type: "reasoning", text: step.text, isRaw: step.type === "think" })
        break
      case "commentary":
        parts.push(say(step.text, "commentary"))
        break
      case "say":
        parts.push(say(step.text, phase))
        break
      case "slow":
        parts.push({ type: "message", deltas: numbered(step.count), gapMs: step.gapMs, phase })
        break
      case "deltas":
        parts.push({ type: "message", deltas: numbered(step.count), gapMs: 0, phase })
        break
      case "schema":
        parts.push(say('{"answer":"yes"}', phase))
        break
      case "history":
        parts.push(say(JSON.stringify(conversationOf(place)), phase))
        break
      case "echo":
        parts.push(say(script.plainText, phase))
        break
      case "image":
        parts.push(say(describeImages(place.message), phase))
        break
    }
  }
  if (round.tools.length > 0) {
    const calls = caller.callItemsFor(round.tools, place.body)
    // What is said in this round is said with its calls, once: looking them up comes before.
    if (calls.every((item) => item.type === "tool_search_call")) parts.length = 0
    parts.push(...calls.map((item): AnswerPart => ({ type: "item", item })))
  } else if (!parts.some((part) => part.type === "message" && part.phase !== "commentary"))
    parts.push(say(defaultAnswer(place), phase))
  return end({ type: "completed" })
}

function defaultAnswer({ script, roundIndex }: Place): string {
  if (script.rounds.slice(0, roundIndex).some((round) => round.tools.length > 0)) return "Done with tools."
  const text = script.plainText.trim()
  return text === "" ? "Done." : `You said: ${text}`
}

/** The first round whose calls are not in the request yet. */
function currentRound(script: Script, later: readonly JsonObject[]): number {
  const calls = later.filter(isScriptedCall)
  let used = 0
  for (const [index, round] of script.rounds.entries()) {
    if (round.tools.length === 0 || used >= calls.length) return index
    // Code mode makes one call of `exec` for all; a history filled by hand may hold the plain calls all the same.
    used += calls[used]?.name === "exec" ? 1 : round.tools.length
  }
  return script.rounds.length
}

function completed(parts: readonly AnswerPart[], usage = defaultUsage): Answer {
  return { type: "stream", parts, ending: { type: "completed" }, usage }
}

/** A message in deltas of four characters. */
function say(text: string, phase: MessagePart["phase"] = null): MessagePart {
  const characters = [...text]
  const deltas: string[] = []
  for (let index = 0; index < characters.length; index += 4)
    deltas.push(characters.slice(index, index + 4).join(""))
  return { type: "message", deltas, gapMs: 0, phase }
}

/** `1 2 3 ...`: a reader can see which delta is missing. */
function* numbered(count: number): Iterable<string> {
  for (let number = 1; number <= count; number++) yield number === count ? `${number}` : `${number} `
}

function describeImages(message: JsonObject | undefined): string {
  const images = message === undefined ? [] : imagesOfMessage(message)
  if (images.length === 0) return "image:none"
  return images.map((image) => `image:${image.mediaType}:${image.bytes}`).join(" ")
}
