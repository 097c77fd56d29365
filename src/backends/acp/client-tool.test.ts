import { expect, it } from "vitest"
import { isClientTool } from "./items.ts"

it.each([
  ["client_get_weather", true],
  ["client-get_weather", true],
  ["client-get-weather", true],
  ["mcp_client_get_weather", true],
  ["mcp.client.get_weather", true],
  ["get_weather (client MCP Server)", true],
  ["get_weather", true],
  ["echo client_get_weather_for_me", false],
  ["client_get_weathers", false],
  ["github-get_weather", false],
  ["run it", false],
])("a tool call with the title %j is a function of the client: %s", (title, expected) => {
  expect(isClientTool({ toolCallId: "call_1", title }, ["lookup", "get_weather"])).toBe(expected)
})

it("without functions no tool call is one of the client", () => {
  expect(isClientTool({ toolCallId: "call_1", title: "client_get_weather" }, [])).toBe(false)
})
