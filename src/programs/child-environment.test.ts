import { describe, expect, it } from "vitest"
import { childEnvironment, noProxyVariables } from "./child-environment.ts"

describe("the environment of an agent's process", () => {
  it("has what a program and its log-in need, and nothing else", () => {
    const source = {
      PATH: "/bin",
      HOME: "/home/ada",
      LC_ALL: "C.UTF-8",
      XDG_CONFIG_HOME: "/home/ada/.config",
      https_proxy: "http://proxy",
      CODEX_HOME: "/home/ada/.codex",
      OPENAI_API_KEY: "sk-user",
      DATABASE_URL: "postgres://secret",
      AWS_SECRET_ACCESS_KEY: "secret",
      NODE_OPTIONS: "--inspect",
      UNSET: undefined,
    }
    expect(Object.keys(childEnvironment(source, [])).sort()).toEqual(
      [
        ...["PATH", "HOME", "LC_ALL", "XDG_CONFIG_HOME", "https_proxy", "CODEX_HOME", "OPENAI_API_KEY"],
        ...["NO_PROXY", "no_proxy"],
      ].sort(),
    )
  })

  it("passes the variables that the person names", () => {
    expect(childEnvironment({ MY_TOKEN: "t", OTHER: "o" }, ["MY_TOKEN", "MISSING"])).toEqual({
      MY_TOKEN: "t",
      ...noProxyVariables({}),
    })
  })

  it("never passes a variable of this service, not even when it is named", () => {
    const source = { AI_AGENT_PROXY_API_KEY: "k", ai_agent_proxy_home: "h" }
    expect(childEnvironment(source, ["AI_AGENT_PROXY_API_KEY", "ai_agent_proxy_home"])).toEqual(
      noProxyVariables({}),
    )
  })
})
