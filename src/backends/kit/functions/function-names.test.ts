import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { FunctionTool } from "../../../domain/items.ts"
import { namesFor } from "./handed-functions.ts"

const tools = (...names: string[]): FunctionTool[] =>
  names.map((name) => ({ name, description: "", parameters: {} }))

describe("names of the client's functions", () => {
  it("stay as they are where codex has no tool of that name", () => {
    const names = namesFor("codex", tools("get_weather", "get-time"))
    expect(names.toNative("get_weather")).toBe("get_weather")
    expect(names.fromNative("get-time")).toBe("get-time")
    expect(names.fromNative("exec_command")).toBeNull()
  })

  it("get another name where codex would drop them, and come back as the client's", () => {
    const names = namesFor("codex", tools("exec", "client_exec", "mcp__x__y"))
    expect(names.toNative("exec")).toBe("client_exec_2")
    expect(names.fromNative("client_exec_2")).toBe("exec")
    expect(names.fromNative("client_exec")).toBe("client_exec")
    expect(names.toNative("mcp__x__y")).toBe("client_mcp__x__y")
  })

  it.each(["mcp", "mcp__", "mcp__x__y"])(
    "are told from what codex refuses to begin a thread with: %s",
    (name) => {
      const names = namesFor("codex", tools(name))
      expect(names.toNative(name)).toBe(`client_${name}`)
      expect(names.fromNative(`client_${name}`)).toBe(name)
    },
  )

  it.each([
    "mcp_",
    "mcp_x",
    "MCP",
    "class",
    "await",
    "constructor",
    "__proto__",
    "python",
    "functions_",
    "1",
  ])("stay as codex takes them: %s", (name) => {
    expect(namesFor("codex", tools(name)).toNative(name)).toBe(name)
  })

  it("are told in a history as well, offered or not", () => {
    expect(namesFor("codex", []).toNative("exec_command")).toBe("client_exec_command")
    expect(namesFor("codex", tools("mcp")).toNative("shell")).toBe("client_shell")
    expect(namesFor("codex", []).toNative("look_up")).toBe("look_up")
  })

  it("are in a history what model servers take, and no function that is offered", () => {
    const names = namesFor("codex", tools("exec"))
    expect(names.toNative("my.files: read")).toBe("my_files__read")
    expect(names.toNative("x".repeat(80))).toMatch(/^x{55}_[0-9a-f]{8}$/)
    expect(names.toNative("web.search")).toBe("client_web_search")
    expect(names.toNative("client_exec")).toBe("client_client_exec")
    expect(names.toNative("exec")).toBe("client_exec")
  })

  it("are as long with another name as model servers take, and still apart", () => {
    const long = ["a", "b"].map((end) => `mcp__${"x".repeat(58)}${end}`)
    const names = namesFor("codex", tools(...long))
    const native = long.map((name) => names.toNative(name))
    expect(native.map(({ length }) => length)).toEqual([64, 64])
    expect(native.map((name) => names.fromNative(name))).toEqual(long)
  })

  it("are kept apart that would be one JavaScript name in code mode", () => {
    const names = namesFor("codex", tools("get_dash", "get-dash"))
    expect(names.toNative("get-dash")).toBe("client_get-dash")
    expect(names.fromNative("client_get-dash")).toBe("get-dash")
  })

  it("always come back, and never meet", () => {
    const name = fc.stringMatching(/^[a-z_-]{1,4}$|^(client_)?(exec|wait|web_search)(_2)?$/)
    fc.assert(
      fc.property(fc.uniqueArray(name), (given) => {
        const names = namesFor("codex", tools(...given))
        expect(given.map((entry) => names.fromNative(names.toNative(entry)))).toEqual(given)
        expect(new Set(given.map((entry) => names.toNative(entry).replaceAll("-", "_"))).size).toBe(
          given.length,
        )
      }),
    )
  })
})
