import { describe, expect, it } from "vitest"
import type { z } from "zod"
import type { Item } from "../../domain/items.ts"
import { textOf } from "../../domain/items.ts"
import { lastSession } from "./last-session.ts"

const leftOut = "(Earlier messages are left out.)"

/** The last session of a codex that has these items in its turns. */
async function itemsOf(turns: readonly (readonly object[])[]): Promise<readonly Item[]> {
  const request = async <T>(method: string, _params: unknown, schema: z.ZodType<T>): Promise<T> =>
    schema.parse(
      method === "thread/list"
        ? { data: [{ id: "t" }] }
        : { thread: { turns: turns.map((items) => ({ items })) } },
    )
  return (await lastSession({ request }, ["/project"]))?.items ?? []
}

const textsOf = (items: readonly Item[]) =>
  items.map((item) => (item.type === "message" ? textOf(item.content) : item.type))

const asked = (text: string) => ({ type: "userMessage", id: "u", content: [{ type: "text", text }] })
const answered = (text: string) => ({ type: "agentMessage", id: "a", text })
const edited = (...diffs: readonly string[]) => ({
  type: "fileChange",
  id: "f",
  changes: diffs.map((diff, index) => ({ path: `/project/${index}`, kind: { type: "update" }, diff })),
  status: "completed",
})
const called = (args: object, text: string, message: string | null = null) => ({
  type: "mcpToolCall",
  id: "c",
  server: "s",
  tool: "t",
  arguments: args,
  result: { content: [{ type: "text", text }] },
  error: message === null ? null : { message },
  status: "completed",
})

describe("the last session of codex", () => {
  it("is whole where it has room, and ends with the newest turns where not", async () => {
    const short = [[asked("One?"), answered("One.")], [], [asked("Two?"), answered("Two.")]]
    expect(textsOf(await itemsOf(short))).toEqual(["One?", "One.", "Two?", "Two."])
    const long = [[asked("One?"), answered("x".repeat(395_000))], ...Array(50).fill(short.at(-1))]
    const texts = textsOf(await itemsOf(long))
    expect(texts[0]).toBe(leftOut)
    expect(texts.slice(1)).toEqual(Array(50).fill(["Two?", "Two."]).flat())
  })

  it("has the end of its newest turn where that alone is too long", async () => {
    const steps = Array.from({ length: 60 }, (_, index) => answered(`${index}`.padEnd(10_000, "x")))
    const texts = textsOf(
      await itemsOf([[asked("Before?")], [asked("Go."), ...steps, answered("Done.")], []]),
    )
    expect(texts[0]).toBe(leftOut)
    expect(texts.at(-1)).toBe("Done.")
    expect(texts.at(-2)?.slice(0, 2)).toBe("59")
    expect(texts.length).toBeGreaterThan(35)
    expect(texts).not.toContain("Go.")
    expect(texts.join("").length).toBeLessThan(400_000)
  })

  it("has the beginnings of diffs and of what tools put out, so that no room is lost to them", async () => {
    const large = "d".repeat(300_000)
    const turn = [
      asked("Go."),
      edited(large, large),
      called({}, large),
      called({}, "", large),
      answered("Done."),
    ]
    const items = await itemsOf([[asked("Before?"), answered("Yes.")], turn])
    expect(textsOf(items)).toEqual([
      "Before?",
      "Yes.",
      "Go.",
      "file_change",
      "tool_call",
      "tool_call",
      "Done.",
    ])
    expect(items[3]).toMatchObject({
      changes: [
        { path: "/project/0", diff: "d".repeat(8000) },
        { path: "/project/1", diff: "" },
      ],
    })
    expect(items[4]).toMatchObject({ output: "d".repeat(8000), error: null })
    expect(items[5]).toMatchObject({ error: "d".repeat(8000) })
  })

  it.each(["y", "\u0001"])("has the end of a message that is too long by itself (of %j)", async (letter) => {
    const texts = textsOf(await itemsOf([[asked("Go."), answered(`${letter.repeat(500_000)}end`)]]))
    expect(texts).toEqual([leftOut, "Go.", `(…) ${letter.repeat(49_997)}end`])
  })

  it("passes over what cannot be told in part", async () => {
    const turn = [asked("Go."), called({ all: "z".repeat(500_000) }, "out"), answered("Done.")]
    expect(textsOf(await itemsOf([turn]))).toEqual([leftOut, "Go.", "Done."])
  })
})
