import fc from "fast-check"
import type { Item } from "../../src/domain/items.ts"

/** Texts with everything that breaks encoders: pairs, lone halves, quotes, line ends, `data:` and NUL. */
export const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", maxLength: 3 }),
    fc.constantFrom("🌧️", "\ud83c", '"', "\n", "\r\n", "\u2028", "data: [DONE]\n\n", "\u0000", " "),
  ),
  maxLength: 12,
})
const status = fc.constantFrom("completed" as const, "failed" as const)

function itemOf(id: string): fc.Arbitrary<Item> {
  return fc.oneof(
    fc.record({
      type: fc.constant("message" as const),
      id: fc.constant(id),
      role: fc.constant("assistant" as const),
      content: anyText.map((text) => [{ type: "text" as const, text }]),
      phase: fc.constantFrom("commentary" as const, "final_answer" as const, null),
      status: fc.constant("completed" as const),
    }),
    fc.record({
      type: fc.constant("reasoning" as const),
      id: fc.constant(id),
      summary: fc.array(anyText, { maxLength: 3 }),
      status: fc.constant("completed" as const),
    }),
    fc
      .record({
        command: anyText,
        cwd: fc.option(anyText),
        output: anyText,
        exitCode: fc.integer({ min: 1, max: 255 }),
        status,
      })
      .map((fields) => ({
        type: "command" as const,
        id,
        server: "codex",
        ...fields,
        exitCode: fields.status === "completed" ? 0 : fields.exitCode,
      })),
    fc.record({
      type: fc.constant("file_change" as const),
      id: fc.constant(id),
      server: fc.constant("codex"),
      changes: fc.array(
        fc.record({
          path: anyText,
          kind: fc.constantFrom("add" as const, "update" as const, "delete" as const),
          diff: anyText,
        }),
        { maxLength: 2 },
      ),
      status,
    }),
    fc
      .record({
        server: anyText,
        tool: anyText,
        arguments: anyText,
        output: fc.option(anyText),
        error: anyText,
        status,
      })
      .map((fields) => ({
        type: "tool_call" as const,
        id,
        ...fields,
        tool: `x${fields.tool}`,
        error: fields.status === "failed" ? fields.error : null,
      })),
    fc.record({ type: fc.constant("web_search" as const), id: fc.constant(id), query: anyText, status }),
    fc.record({
      type: fc.constant("function_call" as const),
      id: fc.constant(id),
      callId: fc.constant(`call_${id}`),
      name: fc.constantFrom("look", "send"),
      arguments: anyText,
      status: fc.constant("completed" as const),
    }),
  )
}

/** What a turn may leave, each item with an id of its own. */
export const anyOutput: fc.Arbitrary<Item[]> = fc
  .integer({ min: 0, max: 6 })
  .chain((length) => fc.tuple(...Array.from({ length }, (_none, index) => itemOf(`item_${index}`))))

/** Cuts a text anywhere, inside of characters too. */
export const anySplit: fc.Arbitrary<(text: string) => readonly string[]> = fc
  .array(fc.integer({ min: 0, max: 5 }), { maxLength: 12 })
  .map((lengths) => (text: string) => {
    const parts: string[] = []
    let start = 0
    for (const length of lengths) {
      parts.push(text.slice(start, start + length))
      start += length
    }
    // Without the rest now and then: `text.done` has to bring it.
    return start < text.length && lengths.length % 2 === 0 ? [...parts, text.slice(start)] : parts
  })
