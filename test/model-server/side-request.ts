import type { JsonObject } from "./wire.ts"

/**
 * What agents ask beside the conversation (a title, a summary of a command) quotes the user's message, directives included.
 * They offer no tools with it, and get one plain sentence.
 */
export function sideRequest(input: readonly JsonObject[]): readonly JsonObject[] {
  const system = input.filter((item) => item.role === "system" || item.role === "developer")
  return [
    ...system,
    { type: "message", role: "user", content: [{ type: "input_text", text: "[[say:Beside the point]]" }] },
  ]
}
