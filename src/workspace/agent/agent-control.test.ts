import { describe, expect, it } from "vitest"
import { defaultSettings, formatControl, parseControl } from "./agent-control.ts"

const path = "/home/control/agent.json"
const good = formatControl({ ...defaultSettings, role: "engineer", name: "alice" })

describe("a control file", () => {
  it("is read as it is written", () => {
    expect(parseControl(path, good)).toEqual({ ...defaultSettings, role: "engineer", name: "alice" })
  })

  it("may leave out everything but role and name", () => {
    expect(parseControl(path, '{"role": "engineer", "name": null}')).toEqual({
      ...defaultSettings,
      role: "engineer",
      name: null,
    })
  })

  it.each([
    ["a comma too many", good.replace('"cli": null,', '"cli": null,,'), `${path}:4 is not valid JSON`],
    ["a word", good.replace('"cli": null', '"cli": codex'), `${path}:4 is not valid JSON`],
    ["an early end", good.slice(0, 60), `${path}:5 is not valid JSON`],
    ["nothing", "", `${path}:1 is not valid JSON`],
    [
      "other permissions",
      good.replace('"full"', '"all"'),
      `${path}:8: \`permissions\` must be "full" or "workspace" or "read-only"`,
    ],
    ["a number", good.replace('"model": null', '"model": 5'), `${path}:6: \`model\` must be of type string`],
    ["an unknown key", good.replace('"model"', '"modle"'), `${path}:6: unknown key \`modle\``],
    [
      "a relative folder",
      good.replace('"working_dir": null', '"working_dir": "work"'),
      `${path}:9: \`working_dir\` must be an absolute path, or begin with ~/ or ./`,
    ],
    ["a list", "[]", `${path}: the file must be of type object`],
  ])("with %s is refused by name and line", (_, text, message) => {
    expect(() => parseControl(path, text)).toThrow(message)
  })
})
