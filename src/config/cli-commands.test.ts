import { describe, expect, it } from "vitest"
import { cliCommandsOf } from "./cli-commands.ts"

describe("the commands of a cli", () => {
  it.each([
    ["codex", [["codex"]]],
    ["  codex  ", [["codex"]]],
    ["codex resume --last || codex", [["codex", "resume", "--last"], ["codex"]]],
    ["codex||claude", [["codex"], ["claude"]]],
    ["nosuch || ./codex || demo", [["nosuch"], ["./codex"], ["demo"]]],
    ['"/opt/my tools/codex" exec', [["/opt/my tools/codex", "exec"]]],
    ["'/opt/my tools/codex'", [["/opt/my tools/codex"]]],
    ["/opt/my\\ tools/codex --json", [["/opt/my tools/codex", "--json"]]],
    ['/opt/"my tools"/codex', [["/opt/my tools/codex"]]],
    ["  my-agent   -p  {prompt} ", [["my-agent", "-p", "{prompt}"]]],
    ["agent \"a b\" 'c' d\\ e \"\" '||'", [["agent", "a b", "c", "d e", "", "||"]]],
  ])("are of %j %j", (value, expected) => {
    expect(cliCommandsOf(value).map(({ program, args }) => [program, ...args])).toEqual(expected)
  })

  it.each([
    ["/opt/ann's", /quote/],
    ["", /names no program/],
    ["   ", /names no program/],
    ['""', /names no program/],
    ["|| codex", /names no program/],
    ["codex ||", /names no program/],
    ["FOO=bar codex", /assignment/],
    ["codex || --last", /option/],
    ["--last codex", /option/],
    ["codex;true", /;/],
    ["codex && claude", /&/],
    ["codex | tee log", /\|/],
    ["my-agent --x>file", />/],
  ])("are not to be had of %j: %s", (value, problem) => {
    expect(() => cliCommandsOf(value)).toThrow(problem)
    expect(() => cliCommandsOf(value)).toThrow(SyntaxError)
  })
})
