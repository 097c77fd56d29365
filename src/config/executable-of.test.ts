import { describe, expect, it } from "vitest"
import { argumentsOf, executableOf } from "./executable-of.ts"

describe("executableOf", () => {
  it.each([
    ["codex", "codex"],
    ["  codex  ", "codex"],
    ["codex resume --last || codex", "codex"],
    ["codex||claude", "codex"],
    ["codex;true", "codex"],
    ['"/opt/my tools/codex" exec', "/opt/my tools/codex"],
    ["'/opt/my tools/codex'", "/opt/my tools/codex"],
    ["/opt/my\\ tools/codex --json", "/opt/my tools/codex"],
    ['/opt/"my tools"/codex', "/opt/my tools/codex"],
    ["/opt/ann's", SyntaxError],
    ["", SyntaxError],
    ["   ", SyntaxError],
    ['""', SyntaxError],
    ["|| codex", SyntaxError],
    ["FOO=bar codex", SyntaxError],
    ["--last codex", SyntaxError],
  ])("takes %j for %s", (value, expected) => {
    if (typeof expected === "string") expect(executableOf(value)).toBe(expected)
    else expect(() => executableOf(value)).toThrow(expected)
  })
})

describe("argumentsOf", () => {
  it.each([
    ["my-agent", []],
    ["my-agent --acp", ["--acp"]],
    ["  my-agent   -p  {prompt} ", ["-p", "{prompt}"]],
    ['"/opt/my tools/agent" "a b" \'c\' d\\ e ""', ["a b", "c", "d e", ""]],
    ["my-agent --x || other", ["--x"]],
    ["my-agent --x>file", ["--x"]],
  ])("takes from %j the arguments %j", (value, expected) => {
    expect(argumentsOf(value)).toEqual(expected)
  })
})
