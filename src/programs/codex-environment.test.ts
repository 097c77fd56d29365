import { describe, expect, it } from "vitest"
import { providerKeyNames } from "./codex-environment.ts"

describe("the variables that a codex configuration names", () => {
  it("are the keys and headers of providers and MCP servers", () => {
    const config = `
      model_provider = "mine"
      [model_providers.mine]
      env_key = "MY_KEY"
      env_http_headers = { "X-Org" = "MY_ORG", "X-Team" = "MY_TEAM" }
      [model_providers.other]
      base_url = "http://localhost"
      [mcp_servers.files]
      bearer_token_env_var = "FILES_TOKEN"
      env_vars = ["FILES_ROOT"]
    `
    expect(providerKeyNames(config)).toEqual(["MY_KEY", "MY_ORG", "MY_TEAM", "FILES_TOKEN", "FILES_ROOT"])
  })

  it("are none in a configuration without them, or one that is not TOML", () => {
    expect(providerKeyNames("")).toEqual([])
    expect(providerKeyNames("model_providers = 3")).toEqual([])
    expect(providerKeyNames("[[[")).toEqual([])
  })
})
