import { expect, test } from "vitest"
import { parseScript } from "./script.ts"

test("a message without directives is plain text and has no rounds", () => {
  expect(parseScript("a [[b]] [[unknown:c]]")).toEqual({
    rounds: [],
    usage: null,
    fix: null,
    hasCommentary: false,
    plainText: "a [[b]] [[unknown:c]]",
  })
})

test("adjacent tool directives are one round, and what follows is the next", () => {
  const { rounds } = parseScript('[[reason:r]] [[shell:ls]] [[tool:f:{"a":[[1]]}]] [[say:end]]')
  expect(rounds).toEqual([
    {
      steps: [{ type: "reason", text: "r" }],
      tools: [
        { type: "shell", command: "ls" },
        { type: "tool", name: "f", arguments: '{"a":[[1]]}' },
      ],
    },
    { steps: [{ type: "say", text: "end" }], tools: [] },
  ])
})

test("`then` and scripts of code mode end a round", () => {
  const toolsOf = (text: string) => parseScript(text).rounds.map((round) => round.tools.length)
  expect(toolsOf("[[shell:a]][[then]][[shell:b]]")).toEqual([1, 1])
  expect(toolsOf("[[shell:a]][[js:b]][[shell:c]][[shell:d]]")).toEqual([1, 1, 2])
})

test.each([
  ["[[shell:[[ -f x ]] && cat x]]", "[[ -f x ]] && cat x"],
  ["[[shell:echo $[a[b[0]]]]]", "echo $[a[b[0]]]"],
  ["[[shell:echo ']']]", "echo ']'"],
  ["[[shell:echo '[']]", "echo '['"],
  ["[[shell:echo '[ [']] more", "echo '[ ['"],
])("brackets inside a directive belong to it: %s", (text, command) => {
  expect(parseScript(text).rounds).toEqual([{ steps: [], tools: [{ type: "shell", command }] }])
})

test("one space behind a directive belongs to it, everything else is plain text", () => {
  expect(parseScript("[[reason:r]]  two\nlines [[usage:1:2:3:4]] end").plainText).toBe(" two\nlines end")
  expect(parseScript("[[usage:1:2:3:4]]").usage).toEqual({ input: 1, cached: 2, output: 3, reasoning: 4 })
})

test("numbers have defaults", () => {
  expect(parseScript("[[slow:3]][[slow:3:5]][[status:500]][[drop:2]]").rounds[0]?.steps).toEqual([
    { type: "slow", count: 3, gapMs: 100 },
    { type: "slow", count: 3, gapMs: 5 },
    { type: "status", status: 500, times: Number.POSITIVE_INFINITY },
    { type: "drop", times: 2 },
  ])
})

test.each(["[[slow:x]]", "[[slow]]", "[[status]]", "[[edit:nothing]]"])(
  "a directive that cannot be followed is an error: %s",
  (text) => {
    expect(() => parseScript(text)).toThrow("wants")
  },
)
