import { readSse } from "./sse-frames.ts"
import { untilDone, type Wire } from "./wire-validity.ts"

/**
 * What is wrong with a stream of chat completion chunks; empty: nothing. `includesUsage`: the request asked for the extra
 * chunk, which must be there then and only then.
 */
export function chatStreamFaults(text: string, includesUsage: boolean): string[] {
  const { frames, faults: lineFaults } = readSse(text)
  const faults = [...lineFaults]
  const chunks: Wire[] = []
  for (const { event, data } of frames) {
    if (event !== null) faults.push(`a chunk has the event line ${event}`)
    if (data !== "[DONE]") chunks.push(JSON.parse(data))
  }
  const errorAt = chunks.findIndex((chunk) => chunk.error !== undefined)
  if (errorAt === -1) untilDone(frames, faults)
  else if (frames.some((frame) => frame.data === "[DONE]")) faults.push("a failed stream has a [DONE]")
  if (errorAt !== -1 && errorAt !== chunks.length - 1) faults.push("something comes after the error")
  const good = errorAt === -1 ? chunks : chunks.slice(0, errorAt)
  faults.push(...headFaults(good), ...choiceFaults(good, errorAt !== -1))
  if (errorAt === -1) faults.push(...usageFaults(good, includesUsage))
  return faults
}

function headFaults(chunks: readonly Wire[]): string[] {
  const heads = new Set(
    chunks.map(({ id, object, created, model }) => JSON.stringify([id, object, created, model])),
  )
  return heads.size > 1 ? [`id, object, created or model change: ${[...heads].join(" ")}`] : []
}

function choiceFaults(chunks: readonly Wire[], isFailed: boolean): string[] {
  const faults: string[] = []
  const choices: Wire[] = chunks.flatMap((chunk) => chunk.choices)
  const roles = choices.map((choice) => choice.delta.role)
  if (choices.length > 0 && roles[0] !== "assistant") faults.push("the first delta has no role")
  if (roles.slice(1).some((role) => role !== undefined)) faults.push("the role comes again")
  const finished = choices.filter((choice) => choice.finish_reason !== null)
  if (isFailed) {
    if (finished.length > 0) faults.push("a failed stream has a finish_reason")
  } else if (finished.length !== 1 || finished[0] !== choices.at(-1)) {
    faults.push("there is not one finish_reason, in the last choice")
  }
  for (const choice of choices) {
    for (const field of ["content", "reasoning_content"]) {
      const text = choice.delta[field]
      if (typeof text === "string" && !text.isWellFormed()) faults.push(`${field} cuts a character in two`)
    }
  }
  faults.push(...toolCallFaults(choices, finished[0]?.finish_reason))
  return faults
}

function toolCallFaults(choices: readonly Wire[], finishReason: unknown): string[] {
  const faults: string[] = []
  const calls: { arguments: string }[] = []
  for (const { delta } of choices) {
    if (delta.tool_calls === undefined) continue
    if (delta.tool_calls.length === 0) faults.push("an empty list of tool calls")
    for (const piece of delta.tool_calls) {
      const call = calls[piece.index]
      if (call !== undefined) {
        if (piece.id !== undefined || piece.type !== undefined || piece.function.name !== undefined) {
          faults.push(`call ${piece.index} is introduced again`)
        }
        call.arguments += piece.function.arguments
        continue
      }
      if (piece.index !== calls.length) faults.push(`call ${piece.index} comes where ${calls.length} is next`)
      if (!piece.id || piece.type !== "function" || !piece.function.name) {
        faults.push(`call ${piece.index} begins without id, type or name`)
      }
      calls.push({ arguments: piece.function.arguments ?? "" })
    }
  }
  for (const call of calls) {
    if (!isJson(call.arguments)) faults.push(`arguments are no JSON: ${call.arguments}`)
  }
  if (finishReason !== undefined && (finishReason === "tool_calls") !== calls.length > 0) {
    faults.push(`finish_reason is ${finishReason} with ${calls.length} calls`)
  }
  return faults
}

function usageFaults(chunks: readonly Wire[], includesUsage: boolean): string[] {
  const without = chunks.filter((chunk) => chunk.choices.length === 0)
  if (!includesUsage) return without.length === 0 ? [] : ["a chunk without choices that nobody asked for"]
  if (without.length !== 1 || without[0] !== chunks.at(-1) || !without[0].usage) {
    return ["the usage is not in one last chunk without choices"]
  }
  return []
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    // The answer is what was asked for.
    return false
  }
}
