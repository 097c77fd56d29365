import { describe, expect, it } from "vitest"
import { changedParts, changeNote } from "./change-note.ts"

const tool = (name: string) => ({ name, description: "", parameters: {} })
const page = Array.from({ length: 40 }, (_, line) => `- Rule ${line} of the house is kept by all.`).join("\n")
const opened = { instructions: `It is 10:01. Be brief.\n${page}`, tools: [tool("a"), tool("b")] }

describe("what is told of changed instructions and functions", () => {
  it("is nothing where all is as it was, functions that were added included", () => {
    expect(changeNote(opened, opened)).toBeNull()
    expect(changeNote(opened, { ...opened, tools: [...opened.tools, tool("c")].toReversed() })).toBeNull()
  })

  it("is the one sentence with the clock of a page of text", () => {
    const note = changeNote(opened, { ...opened, instructions: `It is 10:02. Be brief.\n${page}` })
    expect(note).toContain("<before>\nIt is 10:01.\n</before>\n<now>\nIt is 10:02.\n</now>")
    expect(note?.length).toBeLessThan(350)
  })

  it("is each place on its own, and what is new or left out", () => {
    const now = `It is 10:02. Be brief.\n${page.replace("- Rule 7 of the house is kept by all.\n", "")}\nBe kind.`
    const note = changeNote(opened, { ...opened, instructions: now })
    expect(note).toContain("It is 10:02.")
    expect(note).toContain("Left out:\n<before>\n- Rule 7 of the house is kept by all.\n</before>")
    expect(note).toContain("Be kind.")
    expect(note).not.toContain("Rule 8")
  })

  it("is the whole text where most of it is another one", () => {
    expect(changeNote(opened, { ...opened, instructions: "Speak like a poet." })).toMatch(
      /in place of .*:\n\nSpeak like a poet\.$/s,
    )
    expect(changeNote({ ...opened, instructions: null }, opened)).toContain(page)
    expect(changeNote(opened, { ...opened, instructions: null })).toContain(
      "do not hold any more; there are none",
    )
  })

  it("names the functions that are gone", () => {
    expect(changeNote(opened, { ...opened, tools: [tool("b")] })).toContain("cannot be called now: a.")
  })
})

describe("two texts", () => {
  it.each([
    ["", "a"],
    ["a", ""],
    ["a. b. c.", "a. c."],
    ["a. b. c.", "a. b. c. d."],
    ["one\ntwo\nthree", "zero\none\nthree\nfour"],
    ["x\n\ny\n\nz", "x\n\nw\n\nz"],
  ])("%j and %j differ in parts that make the one into the other", (before, now) => {
    let [rest, made] = [before, ""]
    for (const part of changedParts(before, now)) {
      const at = rest.indexOf(part.before)
      made += rest.slice(0, at) + part.now
      rest = rest.slice(at + part.before.length)
    }
    // A part that is only new stands nowhere in the old text.
    if (changedParts(before, now).every((part) => part.before !== "")) expect(made + rest).toBe(now)
    expect(changedParts(before, now).length).toBeGreaterThan(0)
  })

  it("that are long and have nothing in common are one part, at once", () => {
    const text = (word: string) => Array.from({ length: 20_000 }, (_, line) => `${word} ${line}`).join("\n")
    expect(changedParts(text("a"), text("b"))).toHaveLength(1)
  })
})
