import { describe, expect, it } from "vitest"
import { keyInSecrets } from "./environment-file.ts"

const read = (text: string | null) => keyInSecrets("secrets", text)

describe("the key in secrets", () => {
  it("is read with its line, between other variables and comments", () => {
    expect(read("# mine\nOPENAI_API_KEY=a\nAI_AGENT_PROXY_API_KEY='k'\nAI_AGENT_PROXY_PORT=1")).toEqual({
      name: "AI_AGENT_PROXY_API_KEY",
      value: "k",
      line: 3,
    })
  })

  it("is none where there is no file, or one that is whole and holds no key", () => {
    for (const text of [
      null,
      "# nothing\n",
      "OPENAI_API_KEY=a",
      "ANTHROPIC_API_KEY=a\nGEMINI_API_KEY=b\nMY_PROXY=c",
    ]) {
      expect(read(text), String(text)).toBeNull()
    }
  })

  it.each([
    ["", "secrets: is empty"],
    [" \n\n", "secrets: is empty"],
    [
      "AI_AGENT_PROXY_APIKEY=k",
      "secrets:1: unknown name AI_AGENT_PROXY_APIKEY; did you mean AI_AGENT_PROXY_API_KEY?",
    ],
    ["#\nAI_AGENT_PROXY_KEY=k", "secrets:2: unknown name AI_AGENT_PROXY_KEY"],
    ["AI_AGNT_PROXY_API_KEY=k", "did you mean AI_AGENT_PROXY_API_KEY?"],
    ["ai_agent_proxy_api_key=k", "did you mean AI_AGENT_PROXY_API_KEY?"],
    ["API_KEY=k", "did you mean AI_AGENT_PROXY_API_KEY?"],
    ["AI_AGENT_PROXY_PROT=1", "did you mean AI_AGENT_PROXY_PORT?"],
    ["AI_AGENT_PR", "secrets:1: not of the form NAME=value"],
  ])("is not taken for missing on purpose in %j", (text, message) => {
    expect(() => read(text)).toThrow(message)
  })
})
